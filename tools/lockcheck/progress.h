// A progress bar on standard error for what takes longer than a second; nothing
// if standard error is no terminal. Erases itself.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_PROGRESS_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_PROGRESS_H_

#include <chrono>
#include <string>
#include <utility>

namespace lockcheck::tools {

class Progress {
 public:
  explicit Progress(std::string label);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Show(double fraction);
  // analysis::ScanOptions::progress; `progress` is a Progress*.
  static void Callback(double fraction, void* progress) {
    static_cast<Progress*>(progress)->Show(fraction);
  }

 private:
  const std::string label_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point start_;
  int shown_percent_ = -1;
};

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_PROGRESS_H_
