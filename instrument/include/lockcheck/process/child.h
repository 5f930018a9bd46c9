// process::child: a function in a process of its own, as std::jthread has one
// in a thread.
//
// The child is forked: it has a copy of this process's memory as it is then,
// and shares what lies in a process::shared. What the function returns, if that
// is an int, is the process's exit status, else that is 0; if it throws, what
// it threw is said on standard error, and the status is child::threw. No static
// object is destroyed in it, and what atexit() registered is not called; stdout
// is flushed, before the fork here, and at the end there.
//
// The child has one thread only: a lock that another thread of this process
// holds at the fork stays locked in it. A process::mutex is held by whoever
// took it, and not by the child too.
//
// join() waits for the child's end, and is in the log like that of a thread: a
// deadlock that goes through it is found. Errors are those of std::thread, and
// std::system_error(no_child_process) if somebody else has waited for it.
//
// The destructor of one that was not joined sends it SIGTERM, as jthread's
// requests a stop, and joins it: a deadlock with a child that does not end by
// that is one, so the same is said of it as of join(). The join of one that was
// killed waits for nothing. In a process that was forked meanwhile it does
// nothing.
//
// Threading: as std::thread; pid(), terminate(), kill() and is_alive() not
// while another thread joins it.
#ifndef LOCKCHECK_PROCESS_CHILD_H_
#define LOCKCHECK_PROCESS_CHILD_H_

#include <chrono>
#include <optional>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/child_process.h"
#include "lockcheck/internal/process_join.h"
#include "lockcheck/internal/robust.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace process {

class child {
 public:
  // The exit status of one whose function threw.
  static constexpr int threw = internal::kChildThrew;

  child() noexcept = default;
  template <typename F, typename... Args>
  requires(!std::is_same_v<std::remove_cvref_t<F>, child>) explicit child(
      F&& f, Args&&... args) {
    std::fflush(stdout);
    uint32_t actor;
    pid_ = internal::ForkChild(&actor);
    if (pid_ < 0) internal::ThrowRobust(errno, "lockcheck: process::child");
    actor_ = actor;
    if (pid_ != 0) return;
    // So that it knows itself.
    parent_ = pid_ = getpid();
    const int status = internal::StatusOf([&] {
      return std::invoke(std::forward<F>(f), std::forward<Args>(args)...);
    });
    std::fflush(stdout);
    _exit(internal::EndChild(status));
  }
  child(child&& other) noexcept { swap(other); }
  LOCKCHECK_ALWAYS_INLINE child& operator=(child&& other) noexcept {
    if (this == &other) return *this;
    LOCKCHECK_JOIN_PLACE(place);
    End(place);
    swap(other);
    return *this;
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  LOCKCHECK_ALWAYS_INLINE ~child() {
    LOCKCHECK_JOIN_PLACE(place);
    End(place);
  }

  void swap(child& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(parent_, other.parent_);
    std::swap(actor_, other.actor_);
    std::swap(joined_, other.joined_);
    std::swap(killed_, other.killed_);
    std::swap(status_, other.status_);
  }

  bool joinable() const noexcept { return pid_ != 0 && !joined_; }
  // 0: there is none.
  pid_t pid() const noexcept { return pid_; }
  bool is_alive() const noexcept {
    return joinable() && !internal::HasChildEnded(pid_);
  }

  // Blocks until the child has ended.
  LOCKCHECK_ALWAYS_INLINE void join() {
    LOCKCHECK_JOIN_PLACE(place);
    Check(Join(nullptr, place));
  }
  // Whether it has ended by then.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool join_for(
      const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_JOIN_PLACE(place);
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return Check(Join(&deadline, place));
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool join_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_JOIN_PLACE(place);
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return Check(Join(&deadline, place));
    });
  }

  // Of one that was joined: its exit status; -N, if signal N ended it.
  std::optional<int> exit_status() const noexcept {
    if (!joined_) return std::nullopt;
    return WIFSIGNALED(status_) ? -WTERMSIG(status_) : WEXITSTATUS(status_);
  }

  // Asks it to end (SIGTERM), or ends it at once (SIGKILL). It is still to be
  // joined. Nothing if it was.
  void terminate() noexcept {
    if (joinable()) internal::AskToEnd(pid_);
  }
  void kill() noexcept {
    if (joinable()) killed_ = ::kill(pid_, SIGKILL) == 0;
  }

 private:
  int Join(const internal::Deadline* deadline, internal::JoinPlace place) {
    if (!joinable()) return EINVAL;
    // One that was killed ends, whatever it waits for.
    internal::BeginJoin(actor_, deadline != nullptr || killed_, place);
    const int error = pid_ == getpid() ? EDEADLK
                      : deadline == nullptr
                          ? internal::AwaitChild(pid_, &status_)
                          : internal::AwaitChild(pid_, &status_, *deadline);
    internal::EndJoin(actor_, error);
    joined_ = error == 0;
    return error;
  }
  static bool Check(int error) {
    if (error != 0 && error != ETIMEDOUT) {
      internal::ThrowRobust(error, "lockcheck: process::child: join");
    }
    return error == 0;
  }
  void End(internal::JoinPlace place) noexcept {
    if (joinable() && parent_ == getpid() && pid_ != parent_) {
      terminate();
      Join(nullptr, place);
    }
    pid_ = 0;
    actor_ = 0;
    joined_ = false;
    killed_ = false;
    status_ = 0;
  }

  pid_t pid_ = 0;
  pid_t parent_ = getpid();
  uint32_t actor_ = 0;
  bool joined_ = false;
  bool killed_ = false;
  int status_ = 0;  // as waitpid() gives it
};

inline void swap(child& a, child& b) noexcept { a.swap(b); }

}  // namespace process
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_PROCESS_CHILD_H_
