// A progress bar for what takes longer than a second; nothing if standard error
// is no terminal, or one that cannot erase a line. Erases itself.
//
// Problem: most of the time of a large log goes into its scan, which can say
// how far it is, but opening it, the search for cycles and reading symbols may
// take seconds too and cannot. So a thread of its own draws, whatever the
// others are doing: the fraction if the stage has one, else how long it takes.
// Thread safety: Stage() and Show() may be called from any thread.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_PROGRESS_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_PROGRESS_H_

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

namespace lockcheck::tools {

struct ProgressOptions {
  int fd = STDERR_FILENO;
  std::chrono::milliseconds after{1000};  // shown only then
  std::chrono::milliseconds every{100};   // drawn so often
};

class Progress {
 public:
  // `label` says what is being worked on, a path for instance.
  explicit Progress(const std::string& label,
                    const ProgressOptions& options = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // What happens from now on, "reading symbols of". It must live for ever.
  void Stage(const char* what);
  // How much of the stage is done.
  void Show(double fraction) { fraction_ = fraction; }
  // analysis::ScanOptions::progress; `progress` is a Progress*.
  static void Callback(double fraction, void* progress) {
    static_cast<Progress*>(progress)->Show(fraction);
  }

 private:
  static constexpr double kUnknown = -1;
  void Draw();
  std::string Line() const;

  const std::string label_;
  const ProgressOptions options_;
  const std::chrono::steady_clock::time_point start_;
  std::atomic<const char*> stage_{"reading"};
  std::atomic<double> fraction_{kUnknown};
  std::string drawn_;  // of the drawing thread
  std::mutex mutex_;
  std::condition_variable over_changed_;
  bool over_ = false;
  std::thread drawing_;
};

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_PROGRESS_H_
