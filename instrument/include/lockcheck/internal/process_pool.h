// What process::pool stands on: a thread of the pool's process that hands calls
// to the workers and takes their answers, and the fork server that makes them.
//
// The thread, the dispatcher, holds no lock of the program's and none of
// lockcheck's, runs none of the program's code and blocks all signals. It polls
// the workers' sockets, so that a worker that is slow to read or to write keeps
// none of the others waiting. A worker has one task at a time; a task is given
// to it when it has answered the one before.
//
// Threading: any thread of the process that made it.
#ifndef LOCKCHECK_INTERNAL_PROCESS_POOL_H_
#define LOCKCHECK_INTERNAL_PROCESS_POOL_H_

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lockcheck/internal/pool_size.h"
#include "lockcheck/internal/process_pool_task.h"
#include "lockcheck/internal/process_pool_worker.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// The actors of a task that is about to be made, and of who makes it; 0: not
// recorded.
struct ForkedTask {
  uint32_t task, parent;
};
inline ForkedTask ForkPoolTask() noexcept {
#if defined(LOCKCHECK_DISABLED)
  return {0, 0};
#else
  const uint32_t task = ForkRemoteTask();
  return {task, task == 0 ? 0 : SelfActor()};
#endif
}

// A word that processes share.
class SharedWord {
 public:
  SharedWord() {
    void* const memory = mmap(nullptr, sizeof(Word), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) ThrowRobust(errno, "lockcheck: process::pool");
    word_ = new (memory) Word(0);
  }
  ~SharedWord() { munmap(word_, sizeof(Word)); }
  SharedWord(const SharedWord&) = delete;
  SharedWord& operator=(const SharedWord&) = delete;
  std::atomic<uint32_t>* get() noexcept { return word_; }

 private:
  using Word = std::atomic<uint32_t>;
  Word* word_;
};

class ProcessPool {
 public:
  ProcessPool(size_t size, const char* name, source_location where,
              JoinPlace place);
  // Closed and joined before, in the process that made it.
  ~ProcessPool();
  ProcessPool(const ProcessPool&) = delete;
  ProcessPool& operator=(const ProcessPool&) = delete;

  size_t size() const noexcept { return facts_.size; }
  bool IsOwn() const noexcept { return maker_ == getpid(); }

  // Throws if this is another process than the maker's.
  void MayAsk() { RefuseElsewhere({}, false); }
  // Throws std::logic_error after Close(), and in another process; so do the
  // joins, and before Close().
  void Submit(PoolTaskPtr task, JoinPlace place);
  void Close() noexcept;
  void Terminate() noexcept;
  // False: the deadline passed; null: there is none.
  bool Join(const Deadline* deadline, JoinPlace place);

 private:
  enum class State : uint8_t {
    kNone,     // to be forked
    kForking,  // the server is about it
    kIdle,     // waits for a call
    kBusy,     // has one
    kEnding,   // has been told that there is none any more
    kEnded,
  };
  struct Worker {
    State state = State::kNone;
    bool frees = false;  // see ForkOrder
    Descriptor socket;
    PoolTaskPtr task;
    std::string out;  // its call, until it has begun
    size_t written = 0;
    bool begun = false;
    bool told_to_end = false;
    std::string in;  // read, and not yet a whole answer
  };

  void ForkTheServer();
  void OrderWorker(size_t number);
  void AwaitFirstWorkers();
  void StartDispatcher();
  void Wake() noexcept;
  [[noreturn]] static void Refuse(const char* why);
  void ReportMisuse(int misuse, JoinPlace place) noexcept;
  void RefuseElsewhere(JoinPlace place, bool joins);
  PoolTaskPtr FirstUnfinished();
  void IsFinished(const PoolTask& task);

  // ---- The dispatcher ----
  void Dispatch();
  void AwaitEvents();
  void GiveTasks();
  void TryOrder(size_t number);
  bool IsOver();
  void Give(Worker& worker, PoolTaskPtr task);
  void Write(Worker& worker);
  void Read(Worker& worker);
  bool TakeAnswer(Worker& worker);
  void TaskDied(Worker& worker, int status);
  void HandleReports();
  void WorkerEnded(size_t number, int status);
  void ServerEnded();
  void Fail(const PoolTaskPtr& task, int status);

  PoolFacts facts_;
  SharedWord ends_;
  const pid_t maker_ = getpid();
  pid_t server_ = -1;
  uint32_t server_actor_ = 0;
  Descriptor control_, wake_;
  std::vector<Worker> workers_;  // the dispatcher's, once it runs
  bool server_is_told_ = false, server_ended_ = false, is_wanted_ = false;
  int server_status_ = 0;

  std::mutex mutex_;
  std::condition_variable over_;
  std::deque<PoolTaskPtr> queue_;               // guarded, as are the others
  std::map<uint64_t, PoolTaskPtr> unfinished_;  // by number: as submitted
  uint64_t submitted_ = 0;
  bool closed_ = false, terminated_ = false, is_over_ = false;
  std::thread dispatcher_;
};

// ---- Making it --------------------------------------------------------------
inline ProcessPool::ProcessPool(size_t size, const char* name,
                                source_location where,
                                [[maybe_unused]] JoinPlace place)
    : facts_(size == 0 ? UsableProcessors() : size, name, where) {
  facts_.ends = ends_.get();
#if !defined(LOCKCHECK_DISABLED)
  // So that all processes know it by one id.
  NoteMade(facts_.slots, WaitKind::kProcessPool, place.slot, place.caller);
#endif
  wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (wake_.get() < 0) ThrowRobust(errno, "lockcheck: process::pool");
  workers_.resize(facts_.size);
  ForkTheServer();
#if defined(__cpp_exceptions)
  try {
    AwaitFirstWorkers();
    StartDispatcher();
  } catch (...) {
    // The server's end of the socket says so to it.
    control_.Reset();
    waitpid(server_, nullptr, 0);
    throw;
  }
#else
  AwaitFirstWorkers();
  StartDispatcher();
#endif
}

inline void ProcessPool::ForkTheServer() {
  SocketPair control(SOCK_SEQPACKET);
  std::fflush(stdout);
  server_ = ForkChild(&server_actor_);
  if (server_ < 0) ThrowRobust(errno, "lockcheck: process::pool");
  if (server_ == 0) {
    ForgetHolds();
    control.here.Reset();
    wake_.Reset();
    const int status =
        ForkServer(facts_, std::move(control.there), maker_).Serve();
    _exit(EndChild(status));
  }
  control_ = std::move(control.here);
}

inline void ProcessPool::OrderWorker(size_t number) {
  Worker& worker = workers_[number];
  SocketPair pair(SOCK_STREAM);
  const ForkOrder order = {ForkOrder::kFork, static_cast<uint32_t>(number),
                           worker.frees ? 1u : 0u};
  if (!SendMessage(control_.get(), &order, sizeof(order), pair.there.get())) {
    ThrowRobust(errno, "lockcheck: process::pool");
  }
  worker.frees = false;
  worker.socket = std::move(pair.here);
  worker.state = State::kForking;
}

inline void ProcessPool::AwaitFirstWorkers() {
  for (size_t i = 0; i < workers_.size(); ++i) OrderWorker(i);
  for (size_t forked = 0; forked < workers_.size(); ++forked) {
    ForkReport report;
    if (ReceiveMessage(control_.get(), &report, sizeof(report), 0) !=
        Received::kMessage) {
      ThrowRobust(ECHILD, "lockcheck: process::pool: its fork server died");
    }
    if (report.has_ended != 0 || report.pid < 0) {
      ThrowRobust(report.pid < 0 ? report.status : ECHILD,
                  "lockcheck: process::pool: fork");
    }
    workers_[report.worker].state = State::kIdle;
  }
}

inline void ProcessPool::StartDispatcher() {
  sigset_t all, mask;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &mask);
  const auto start = [&] { dispatcher_ = std::thread([this] { Dispatch(); }); };
#if defined(__cpp_exceptions)
  try {
    start();
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    throw;
  }
#else
  start();
#endif
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

inline ProcessPool::~ProcessPool() {
  if (!IsOwn()) {
    // The thread is none of this process's.
    if (dispatcher_.joinable()) dispatcher_.detach();
    return;
  }
  if (dispatcher_.joinable()) dispatcher_.join();
#if !defined(LOCKCHECK_DISABLED)
  DestroyWaitQueue(facts_.slots);
#endif
}

// ---- What it is asked for ---------------------------------------------------
inline void ProcessPool::Refuse([[maybe_unused]] const char* why) {
#if defined(__cpp_exceptions)
  throw std::logic_error(why);
#else
  std::terminate();
#endif
}

// One of model::Misuse's numbers.
inline void ProcessPool::ReportMisuse(
    [[maybe_unused]] int misuse, [[maybe_unused]] JoinPlace place) noexcept {
#if !defined(LOCKCHECK_DISABLED)
  Misused(facts_.slots, WaitKind::kProcessPool, static_cast<uint8_t>(misuse),
          place.slot, place.caller);
#endif
}

// A copy of the pool, in a task of its own or another forked process.
inline void ProcessPool::RefuseElsewhere(JoinPlace place, bool joins) {
  if (IsOwn()) return;
  constexpr int kJoinByOwnTask = 13;
  if (joins) ReportMisuse(kJoinByOwnTask, place);
  Refuse(
      "lockcheck: a process::pool is used in another process than the one that "
      "made it");
}

inline void ProcessPool::Wake() noexcept {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof(one));
}

inline void ProcessPool::Submit(PoolTaskPtr task, JoinPlace place) {
  RefuseElsewhere(place, false);
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      task->number = ++submitted_;
      unfinished_.emplace(task->number, task);
      queue_.push_back(std::move(task));
    }
  }
  if (task != nullptr) {
    constexpr int kUseAfterClose = 10;
    ReportMisuse(kUseAfterClose, place);
    Refuse("lockcheck: the pool is closed");
  }
  Wake();
}

inline void ProcessPool::Close() noexcept {
  if (!IsOwn()) return;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  Wake();
}

inline void ProcessPool::Terminate() noexcept {
  if (!IsOwn()) return;
  std::deque<PoolTaskPtr> dropped;
  {
    const std::lock_guard lock(mutex_);
    closed_ = terminated_ = true;
    dropped.swap(queue_);
  }
  for (const PoolTaskPtr& task : dropped) {
    task->Dropped();
    IsFinished(*task);
  }
  Wake();
}

inline PoolTaskPtr ProcessPool::FirstUnfinished() {
  const std::lock_guard lock(mutex_);
  return unfinished_.empty() ? nullptr : unfinished_.begin()->second;
}

inline void ProcessPool::IsFinished(const PoolTask& task) {
  const std::lock_guard lock(mutex_);
  unfinished_.erase(task.number);
}

// Of each task, for a lock that one of them needs may be held; then of the
// server, which has waited for the workers.
inline bool ProcessPool::Join(const Deadline* deadline, JoinPlace place) {
  RefuseElsewhere(place, true);
  bool closed;
  {
    const std::lock_guard lock(mutex_);
    closed = closed_;
  }
  if (!closed) {
    constexpr int kJoinBeforeClose = 9;
    ReportMisuse(kJoinBeforeClose, place);
    Refuse("lockcheck: the pool is joined before it is closed");
  }
  for (uint64_t last = 0; const PoolTaskPtr task = FirstUnfinished();) {
    // Who has ended is about to be taken off.
    if (task->number == last) {
      std::this_thread::yield();
    } else if (!task->Wait(deadline, place)) {
      return false;
    }
    last = task->number;
  }
  if (server_actor_ != 0) BeginJoin(server_actor_, deadline != nullptr, place);
  bool over = true;
  {
    std::unique_lock lock(mutex_);
    while (!is_over_ && over) {
      const int64_t ns = deadline == nullptr ? 0 : NsUntil(*deadline);
      if (deadline == nullptr) {
        over_.wait(lock);
      } else if (ns > 0) {
        over_.wait_for(lock, std::chrono::nanoseconds(ns));
      } else {
        over = false;
      }
    }
  }
  if (server_actor_ != 0) EndJoin(server_actor_, over ? 0 : ETIMEDOUT);
  return over;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#include "lockcheck/internal/process_pool_dispatch.h"

#endif  // LOCKCHECK_INTERNAL_PROCESS_POOL_H_
