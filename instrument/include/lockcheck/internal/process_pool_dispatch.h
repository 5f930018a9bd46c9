// The dispatcher of a process::pool; part of process_pool.h.
#ifndef LOCKCHECK_INTERNAL_PROCESS_POOL_DISPATCH_H_
#define LOCKCHECK_INTERNAL_PROCESS_POOL_DISPATCH_H_

#include "lockcheck/internal/process_pool.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

inline void ProcessPool::Dispatch() {
  while (true) {
    GiveTasks();
    if (IsOver()) break;
    AwaitEvents();
  }
  // Somebody else may have waited for it.
  waitpid(server_, nullptr, 0);
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  over_.notify_all();
}

inline bool ProcessPool::IsOver() {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_ || !queue_.empty()) return false;
  }
  const bool all_ended = std::all_of(
      workers_.begin(), workers_.end(),
      [](const Worker& worker) { return worker.state == State::kEnded; });
  if (!all_ended) return false;
  if (!server_is_told_) {
    const ForkOrder close = {ForkOrder::kClose, 0, 0};
    SendMessage(control_.get(), &close, sizeof(close));
    server_is_told_ = true;
  }
  return server_ended_;
}

// What there is to do, for each worker.
inline void ProcessPool::GiveTasks() {
  std::deque<PoolTaskPtr> lost;
  std::vector<std::pair<Worker*, PoolTaskPtr>> given;
  std::unique_lock lock(mutex_);
  if (server_ended_) lost.swap(queue_);
  for (Worker& worker : workers_) {
    if (worker.state != State::kIdle || queue_.empty()) continue;
    given.emplace_back(&worker, std::move(queue_.front()));
    queue_.pop_front();
  }
  const bool nothing_left = closed_ && queue_.empty();
  const bool terminated = terminated_;
  // A worker that died has a successor when there is something to do for it.
  is_wanted_ = !queue_.empty();
  lock.unlock();
  for (const PoolTaskPtr& task : lost) Fail(task, server_status_);
  for (auto& [worker, task] : given) Give(*worker, std::move(task));
  for (size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = workers_[i];
    if (worker.state == State::kBusy && terminated && !worker.told_to_end) {
      const ForkOrder end = {ForkOrder::kEnd, static_cast<uint32_t>(i), 0};
      SendMessage(control_.get(), &end, sizeof(end));
      worker.told_to_end = true;
    }
    if (worker.state == State::kIdle && nothing_left) {
      shutdown(worker.socket.get(), SHUT_WR);
      worker.state = State::kEnding;
    }
    if (worker.state == State::kNone && (nothing_left || server_ended_)) {
      worker.state = State::kEnded;
    }
    if (worker.state == State::kNone && is_wanted_) TryOrder(i);
  }
}

// Without descriptors, again when there may be some.
inline void ProcessPool::TryOrder(size_t number) {
#if defined(__cpp_exceptions)
  try {
    OrderWorker(number);
  } catch (const std::system_error&) {
  }
#else
  OrderWorker(number);
#endif
}

inline void ProcessPool::Give(Worker& worker, PoolTaskPtr task) {
  worker.state = State::kBusy;
  worker.out = task->TakeFrame();
  worker.written = 0;
  worker.begun = false;
  worker.task = std::move(task);
  Write(worker);
}

inline void ProcessPool::AwaitEvents() {
  std::vector<pollfd> fds;
  fds.push_back({wake_.get(), POLLIN, 0});
  fds.push_back({server_ended_ ? -1 : control_.get(), POLLIN, 0});
  bool tries_again = false;
  for (const Worker& worker : workers_) {
    const bool is_there = worker.state != State::kNone &&
                          worker.state != State::kEnded &&
                          worker.state != State::kForking;
    const bool writes =
        worker.state == State::kBusy && worker.written < worker.out.size();
    fds.push_back({is_there ? worker.socket.get() : -1,
                   static_cast<short>(POLLIN | (writes ? POLLOUT : 0)), 0});
    tries_again |= worker.state == State::kNone && is_wanted_;
  }
  constexpr int kAgainMs = 100;
  poll(fds.data(), fds.size(), tries_again ? kAgainMs : -1);
  uint64_t count;
  [[maybe_unused]] const ssize_t n = read(wake_.get(), &count, sizeof(count));
  for (size_t i = 0; i < workers_.size(); ++i) {
    const short events = fds[i + 2].revents;
    if ((events & POLLOUT) != 0) Write(workers_[i]);
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) Read(workers_[i]);
  }
  if (fds[1].revents != 0) HandleReports();
}

inline void ProcessPool::Write(Worker& worker) {
  while (worker.written < worker.out.size()) {
    const ssize_t n =
        send(worker.socket.get(), worker.out.data() + worker.written,
             worker.out.size() - worker.written, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    // If it is gone the server says so.
    if (n <= 0) return;
    worker.written += static_cast<size_t>(n);
  }
}

inline void ProcessPool::Read(Worker& worker) {
  char bytes[16 * 1024];
  while (true) {
    const ssize_t n =
        recv(worker.socket.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    // Its end comes by the server; a socket that is closed is polled no more.
    if (n == 0 || (n < 0 && errno != EAGAIN)) worker.socket.Reset();
    if (n <= 0) break;
    worker.in.append(bytes, static_cast<size_t>(n));
  }
  while (worker.state == State::kBusy && TakeAnswer(worker)) {
  }
}

// False: there is no whole one yet.
inline bool ProcessPool::TakeAnswer(Worker& worker) {
  AnswerHeader header;
  if (worker.in.size() < sizeof(header)) return false;
  std::memcpy(&header, worker.in.data(), sizeof(header));
  if (worker.in.size() - sizeof(header) < header.bytes) return false;
  if (header.what == AnswerHeader::kBegun) {
    worker.begun = true;
    worker.out = {};
    worker.written = 0;
    worker.in.erase(0, sizeof(header));
    return true;
  }
  const PoolTaskPtr task = std::exchange(worker.task, nullptr);
  worker.in.erase(0, sizeof(header));
  task->Answered(header, std::exchange(worker.in, {}));
  IsFinished(*task);
  worker.state = State::kIdle;
  return true;
}

inline void ProcessPool::Fail(const PoolTaskPtr& task, int status) {
  task->Died(status);
  IsFinished(*task);
}

inline void ProcessPool::HandleReports() {
  while (true) {
    ForkReport report;
    switch (
        ReceiveMessage(control_.get(), &report, sizeof(report), MSG_DONTWAIT)) {
      case Received::kNothing:
        return;
      case Received::kEnd:
        return ServerEnded();
      case Received::kMessage:
        break;
    }
    if (report.worker >= workers_.size()) continue;
    Worker& worker = workers_[report.worker];
    if (report.has_ended != 0) {
      WorkerEnded(report.worker, report.status);
    } else {
      worker.state = report.pid > 0 ? State::kIdle : State::kNone;
      if (report.pid <= 0) worker.socket.Reset();
    }
  }
}

// One that has not begun is for another worker.
inline void ProcessPool::TaskDied(Worker& worker, int status) {
  const PoolTaskPtr task = std::exchange(worker.task, nullptr);
  if (worker.begun) return Fail(task, status);
  task->PutBack(std::move(worker.out));
  {
    const std::lock_guard lock(mutex_);
    if (!terminated_) return queue_.push_front(task);
  }
  task->Dropped();
  IsFinished(*task);
}

inline void ProcessPool::WorkerEnded(size_t number, int status) {
  Worker& worker = workers_[number];
  // What it answered before it ended counts.
  Read(worker);
  const bool expected = worker.state == State::kEnding;
  if (worker.state == State::kBusy) {
    worker.frees = worker.begun;
    TaskDied(worker,
             WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
  }
  worker.socket.Reset();
  worker.in = {};
  worker.out = {};
  worker.written = 0;
  worker.told_to_end = false;
  worker.state = expected ? State::kEnded : State::kNone;
}

// Somebody killed it, unless it was told to end: then nothing is known of the
// workers any more, and none can be made. Tasks that are submitted fail.
inline void ProcessPool::ServerEnded() {
  server_ended_ = true;
  if (!server_is_told_) server_status_ = -SIGKILL;
  for (Worker& worker : workers_) {
    Read(worker);
    if (worker.state == State::kBusy) TaskDied(worker, server_status_);
    worker.socket.Reset();
    worker.state = State::kEnded;
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_POOL_DISPATCH_H_
