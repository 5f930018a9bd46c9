#include "tools/lockcheck/run_program.h"

#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "tools/lockcheck/output.h"

namespace lockcheck::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPassedOn[] = {SIGTERM, SIGINT,  SIGQUIT,
                             SIGHUP,  SIGUSR1, SIGUSR2};

constexpr Clock::time_point kNever = Clock::time_point::max();

constexpr bool AsksToEnd(int signal) {
  return signal != SIGUSR1 && signal != SIGUSR2;
}
// Of a program with a time limit; another one may take as long as it likes.
constexpr std::chrono::seconds kTimeToEnd(2);

// While this lives, signals wait to be fetched, and end nobody.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    for (const int signal : kPassedOn) sigaddset(&held_, signal);
    sigaddset(&held_, SIGCHLD);
    sigprocmask(SIG_BLOCK, &held_, &before_);
    // Ignored, it would not come, and the child would leave no status.
    child_ = signal(SIGCHLD, SIG_DFL);
  }
  // What came for the program alone is not ours.
  ~HeldSignals() {
    const timespec now{};
    while (sigtimedwait(&held_, nullptr, &now) >= 0) {
    }
    signal(SIGCHLD, child_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // Empty: none came by then.
  std::optional<siginfo_t> Next(Clock::time_point until) const {
    siginfo_t info{};
    for (;;) {
      timespec left{};
      if (until != kNever) {
        const auto ns = std::max<int64_t>(
            0, std::chrono::nanoseconds(until - Clock::now()).count());
        left = {static_cast<time_t>(ns / 1'000'000'000),
                static_cast<long>(ns % 1'000'000'000)};
      }
      if ((until != kNever ? sigtimedwait(&held_, &info, &left)
                           : sigwaitinfo(&held_, &info)) >= 0) {
        return info;
      }
      if (errno == EAGAIN) return std::nullopt;
    }
  }
  const sigset_t& before() const { return before_; }

 private:
  sigset_t held_, before_;
  void (*child_)(int);
};

std::vector<pid_t> Children() {
  std::ifstream list(fmt::format("/proc/self/task/{}/children", gettid()));
  return {std::istream_iterator<pid_t>(list), {}};
}

// While this lives, whoever loses its parent becomes a child of ours, and at
// its end all children are killed: those that they leave, too. Not where the
// kernel lists no children; nor if there were some before us (of a shell that
// exec'd us), which none of this is about.
class EndedTogether {
 public:
  EndedTogether() : is_on_(Children().empty()) {
    if (is_on_) prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  ~EndedTogether() {
    if (!is_on_) return;
    for (int times = 0; times < kMostTimes; ++times) {
      bool some = false;
      for (const pid_t child : Children()) {
        if (kill(child, SIGKILL) != 0) continue;  // it is another user's
        waitpid(child, nullptr, 0);
        some = true;
      }
      if (!some) break;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 0);
  }
  EndedTogether(const EndedTogether&) = delete;
  EndedTogether& operator=(const EndedTogether&) = delete;

 private:
  // Of what starts others faster than they are killed there is no end.
  static constexpr int kMostTimes = 1000;

  const bool is_on_;
};

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) {
    pointers.push_back(const_cast<char*>(word.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

absl::Status CannotRun(const std::string& program, int error) {
  const std::string line =
      program.empty()
          ? "the program's name is empty"
          : fmt::format("{}: cannot run: {}", program, std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(line);
  if (error == EACCES || error == ENOEXEC) {
    return absl::PermissionDeniedError(line);
  }
  return absl::UnavailableError(line);
}

absl::StatusOr<pid_t> Start(const std::vector<std::string>& words,
                            const std::vector<std::string>& variables,
                            const sigset_t& mask) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask(&attributes, &mask);
  sigset_t as_started;
  sigemptyset(&as_started);
  if (!BrokenPipesWereIgnored()) sigaddset(&as_started, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &as_started);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, words[0].c_str(), nullptr, &attributes,
                   Pointers(words).data(), Pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return CannotRun(words[0], error);
  return child;
}

}  // namespace

absl::StatusOr<ProgramEnd> RunProgram(
    const std::vector<std::string>& words,
    const std::vector<std::string>& variables,
    std::optional<std::chrono::seconds> limit) {
  const HeldSignals signals;
  std::optional<EndedTogether> together;
  if (limit) together.emplace();
  const auto child = Start(words, variables, signals.before());
  if (!child.ok()) return child.status();
  Clock::time_point until = limit ? Clock::now() + *limit : kNever;
  ProgramEnd end;
  for (;;) {
    const auto info = signals.Next(until);
    if (!info) {
      kill(*child, SIGKILL);
      until = kNever;
      end.by_limit = end.asked_to_end == 0;
      continue;
    }
    if (info->si_signo != SIGCHLD) {
      // A terminal has sent it to the program, too.
      if (info->si_code != SI_KERNEL) kill(*child, info->si_signo);
      if (AsksToEnd(info->si_signo)) {
        end.asked_to_end = info->si_signo;
        if (limit) until = std::min(until, Clock::now() + kTimeToEnd);
      }
      continue;
    }
    int status = 0;
    if (waitpid(*child, &status, WNOHANG) != *child) continue;
    if (!WIFSIGNALED(status) && !WIFEXITED(status)) continue;
    end.status =
        WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return end;
  }
}

}  // namespace lockcheck::tools
