// What a task of a process::pool and its future share.
#ifndef LOCKCHECK_INTERNAL_PROCESS_POOL_TASK_H_
#define LOCKCHECK_INTERNAL_PROCESS_POOL_TASK_H_

#include <errno.h>
#include <time.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "lockcheck/internal/process_join.h"
#include "lockcheck/internal/process_pool_wire.h"
#include "lockcheck/internal/time_left.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace process {

// What a task threw in another process: its what(), and the name of its type.
class remote_error : public std::runtime_error {
 public:
  remote_error(std::string type, const std::string& what)
      : std::runtime_error(what), type_(std::move(type)) {}
  const std::string& type_name() const noexcept { return type_; }

 private:
  std::string type_;
};

// The process that ran the task ended before the task did.
class worker_died : public std::runtime_error {
 public:
  explicit worker_died(int status)
      : std::runtime_error(Text(status)), status_(status) {}
  // Its exit status; -N, if signal N ended it.
  int status() const noexcept { return status_; }

 private:
  static std::string Text(int status) {
    return "lockcheck: process::pool: the worker died in the task: " +
           (status < 0 ? "signal " + std::to_string(-status)
                       : "exit status " + std::to_string(status));
  }
  int status_;
};

}  // namespace process

namespace internal {

// Which of several tasks has ended, in the order in which they did.
class PoolEnds;

class PoolTask {
 public:
  PoolTask(RunCall run, const std::string& request, uint32_t task_actor,
           uint32_t parent_actor)
      : actor(task_actor),
        frame_(Framed(CallHeader{0, run, task_actor, parent_actor}, request)) {}

  const uint32_t actor;  // 0: it is not recorded
  uint64_t number = 0;   // the pool's

  // For the worker.
  std::string TakeFrame() { return std::exchange(frame_, {}); }
  // The worker died before it began.
  void PutBack(std::string frame) { frame_ = std::move(frame); }

  // ---- By the pool, one of these, once ----
  void Answered(const AnswerHeader& header, std::string bytes) {
    End(header.what == AnswerHeader::kThrew ? How::kThrew : How::kAnswered,
        std::move(bytes), 0);
  }
  void Died(int status) { End(How::kDied, {}, status); }
  void Dropped() { End(How::kDropped, {}, 0); }

  // Before it is submitted: it is number `number` of those.
  void TellEnd(std::shared_ptr<PoolEnds> ends, size_t number) {
    ends_ = std::move(ends);
    number_among_ = number;
  }

  // ---- By whoever waits ----
  bool HasEnded() {
    const std::lock_guard lock(mutex_);
    return how_ != How::kNot;
  }
  // Whether it has ended by then; null: for ever.
  bool Wait(const Deadline* deadline, JoinPlace place) {
    const bool recorded = actor != 0 && !WasDropped();
    if (recorded) BeginJoin(actor, deadline != nullptr, place);
    const bool ended = Await(deadline);
    // One that was dropped meanwhile never begins.
    if (recorded)
      EndJoin(actor, !ended ? ETIMEDOUT : WasDropped() ? ECANCELED : 0);
    return ended;
  }
  // The bytes of its result, or what came of it instead is thrown.
  std::string Take() {
#if defined(__cpp_exceptions)
    switch (how_) {
      case How::kThrew: {
        const size_t end = bytes_.find('\0');
        throw process::remote_error(bytes_.substr(0, end),
                                    bytes_.substr(end + 1));
      }
      case How::kDied:
        throw process::worker_died(status_);
      case How::kDropped:
        throw std::future_error(std::future_errc::broken_promise);
      default:
        break;
    }
#else
    if (how_ != How::kAnswered) std::terminate();
#endif
    return std::move(bytes_);
  }

 private:
  enum class How : uint8_t { kNot, kAnswered, kThrew, kDied, kDropped };

  bool WasDropped() {
    const std::lock_guard lock(mutex_);
    return how_ == How::kDropped;
  }
  void End(How how, std::string bytes, int status) {
    {
      const std::lock_guard lock(mutex_);
      bytes_ = std::move(bytes);
      status_ = status;
      how_ = how;
    }
    ended_.notify_all();
    if (ends_ != nullptr) SayEnd();
  }
  void SayEnd();
  bool Await(const Deadline* deadline) {
    std::unique_lock lock(mutex_);
    while (how_ == How::kNot) {
      if (deadline == nullptr) {
        ended_.wait(lock);
        continue;
      }
      const int64_t ns = NsUntil(*deadline);
      if (ns <= 0) return false;
      ended_.wait_for(lock, std::chrono::nanoseconds(ns));
    }
    return true;
  }

  std::string frame_;
  std::mutex mutex_;
  std::condition_variable ended_;
  How how_ = How::kNot;  // guarded, as are the next two
  int status_ = 0;
  std::string bytes_;
  std::shared_ptr<PoolEnds> ends_;
  size_t number_among_ = 0;
};

using PoolTaskPtr = std::shared_ptr<PoolTask>;

class PoolEnds : public std::enable_shared_from_this<PoolEnds> {
 public:
  // By who submits them, before each is.
  void Add(const PoolTaskPtr& task) {
    task->TellEnd(shared_from_this(), tasks_.size());
    tasks_.push_back(task);
  }
  // By the same, once for each: the number of the next one. All have to end
  // before the last is had, so it waits for the first that has not.
  size_t AwaitNext(JoinPlace place) {
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        if (next_ < ended_.size()) return ended_[next_++];
      }
      // One that has ended may not have said so yet.
      while (first_ + 1 < tasks_.size() && tasks_[first_]->HasEnded()) ++first_;
      AwaitAny(tasks_[first_]->actor, place);
    }
  }
  void HasEnded(size_t number) {
    {
      const std::lock_guard lock(mutex_);
      ended_.push_back(number);
    }
    any_.notify_all();
  }

 private:
  void AwaitAny(uint32_t actor, JoinPlace place) {
    if (actor != 0) BeginJoin(actor, false, place);
    {
      std::unique_lock lock(mutex_);
      any_.wait(lock, [&] { return next_ < ended_.size(); });
    }
    // Whoever it was is joined next.
    if (actor != 0) EndJoin(actor, ECANCELED);
  }

  std::vector<PoolTaskPtr> tasks_;
  size_t first_ = 0;
  std::mutex mutex_;
  std::condition_variable any_;
  std::vector<size_t> ended_;
  size_t next_ = 0;
};

inline void PoolTask::SayEnd() {
  std::exchange(ends_, nullptr)->HasEnded(number_among_);
}

}  // namespace internal
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_PROCESS_POOL_TASK_H_
