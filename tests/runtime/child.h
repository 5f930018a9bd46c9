// Runs a program of tests/programs with the recording options a test asks for,
// and keeps what it said and left.
#ifndef LOCKCHECK_TESTS_RUNTIME_CHILD_H_
#define LOCKCHECK_TESTS_RUNTIME_CHILD_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/log/recording.h"

namespace lockcheck::testing {

// A folder of its own, removed at the end.
class Folder {
 public:
  Folder() {
    std::string path = ::testing::TempDir() + "/lockcheck.XXXXXX";
    if (mkdtemp(path.data()) == nullptr) std::abort();
    path_ = std::filesystem::canonical(path);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Finished {
  int status = 0;  // as waitpid() gives it
  std::string out, err;

  bool Succeeded() const { return WIFEXITED(status) && !WEXITSTATUS(status); }
  int exit_status() const {
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int signal() const { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
};

inline std::ostream& operator<<(std::ostream& os, const Finished& f) {
  if (f.signal() != 0) {
    os << "killed by signal " << f.signal();
  } else {
    os << "exit status " << f.exit_status();
  }
  return os << "\nstdout: " << f.out << "\nstderr: " << f.err;
}

inline std::string ProgramPath(const std::string& program) {
  return program.find('/') == std::string::npos
             ? std::string(LOCKCHECK_PROGRAMS) + "/" + program
             : program;
}

class Child {
 public:
  explicit Child(const std::string& program,
                 std::vector<std::string> arguments = {})
      : words_(std::move(arguments)) {
    words_.insert(words_.begin(), ProgramPath(program));
  }
  ~Child() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (out_ >= 0) close(out_);
    if (err_ >= 0) close(err_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // LOCKCHECK_OPTIONS of the child.
  Child& Options(const std::string& options) {
    return Environment("LOCKCHECK_OPTIONS", options);
  }
  Child& Environment(const std::string& name, const std::string& value) {
    environment_.emplace_back(name, value);
    return *this;
  }
  Child& In(const std::string& folder) {
    folder_ = folder;
    return *this;
  }
  // Runs in the child before the program does: system calls only.
  Child& Before(std::function<void()> act) {
    before_ = std::move(act);
    return *this;
  }

  void Start() {
    out_ = NewOutput();
    err_ = NewOutput();
    std::vector<char*> argv;
    for (std::string& word : words_) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    alarm(kSeconds);
    dup2(out_, 1);
    dup2(err_, 2);
    unsetenv("LOCKCHECK_OPTIONS");
    unsetenv("LOCKCHECK_RECORDING");
    for (const auto& [name, value] : environment_) {
      setenv(name.c_str(), value.c_str(), 1);
    }
    if (!folder_.empty() && chdir(folder_.c_str()) != 0) _exit(126);
    if (before_) before_();
    execvp(argv[0], argv.data());
    _exit(127);
  }
  pid_t pid() const { return pid_; }
  // What it has written to stdout so far.
  std::string Said() const { return Contents(out_); }
  std::string SaidToError() const { return Contents(err_); }
  bool HasEnded() const {
    siginfo_t info = {};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid != 0;
  }
  void Signal(int number) const { kill(pid_, number); }

  Finished Wait() {
    Finished finished;
    waitpid(pid_, &finished.status, 0);
    pid_ = -1;
    finished.out = Contents(out_);
    finished.err = Contents(err_);
    return finished;
  }
  Finished Run() {
    Start();
    return Wait();
  }

 private:
  // SIGALRM ends a child that hangs. With ThreadSanitizer one whose threads
  // contend for locks takes a minute, and more where others run beside it.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  static constexpr unsigned kSeconds = 600;
#else
  static constexpr unsigned kSeconds = 120;
#endif

  // Several write to it, and who looks at it does not move where they do.
  static int NewOutput() {
    const int fd = memfd_create("output", 0);
    if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) != 0) std::abort();
    return fd;
  }

  static std::string Contents(int fd) {
    struct stat info;
    if (fstat(fd, &info) != 0) std::abort();
    std::string text(static_cast<size_t>(info.st_size), 0);
    if (pread(fd, text.data(), text.size(), 0) !=
        static_cast<ssize_t>(text.size())) {
      std::abort();
    }
    return text;
  }

  std::vector<std::string> words_;
  std::vector<std::pair<std::string, std::string>> environment_;
  std::string folder_;
  std::function<void()> before_;
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
};

// The log at `path`, read whole.
inline std::unique_ptr<log::Recording> OpenLog(const std::string& path) {
  auto recording = log::Recording::Open(path);
  if (!recording.ok()) {
    ADD_FAILURE() << recording.status().message();
    return nullptr;
  }
  return *std::move(recording);
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_RUNTIME_CHILD_H_
