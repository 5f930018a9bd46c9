// What thread_pool stands on: workers that take jobs out of a queue.
#ifndef LOCKCHECK_INTERNAL_THREAD_POOL_H_
#define LOCKCHECK_INTERNAL_THREAD_POOL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/queue.h"
#include "lockcheck/internal/queue_order.h"
#include "lockcheck/internal/task_hooks.h"
#include "lockcheck/internal/wait_queue.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// What is to be run; destroyed by whoever runs or drops it.
class PoolJob {
 public:
  virtual ~PoolJob() = default;
  // Both end with the answer, or an error, being there.
  virtual void Run(SiteSlot* slot, Caller caller) noexcept = 0;
  virtual void Drop(SiteSlot* slot, Caller caller) noexcept = 0;

  TaskStart start;
};

class Pool {
 public:
  Pool(size_t size, const char* name, source_location where);
  // Closed and joined before.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  size_t size() const noexcept { return size_; }
  const char* name() const noexcept { return slots_.name; }
  source_location where() const noexcept { return where_; }

  // Throws std::logic_error after Close().
  void Submit(std::unique_ptr<PoolJob> job, SiteSlot* slot, Caller caller);
  void Close(SiteSlot* slot, Caller caller) noexcept;
  void Terminate(SiteSlot* slot, Caller caller) noexcept;
  // Both throw std::logic_error before Close(), and in a task of this pool. The
  // second is false if the deadline passed.
  void Join(SiteSlot* slot, Caller caller);
  bool JoinBefore(const Deadline& deadline, SiteSlot* slot, Caller caller);

 private:
  struct Worker {
    uint32_t actor;
    std::thread thread;
  };
  enum class Joining : uint8_t { kNobody, kSomebody, kDone };

  void StartWorker(size_t number);
  void Work(size_t number);
  std::unique_ptr<PoolJob> NextJob(SiteSlot* slot, Caller caller);
  uint32_t RunJob(PoolJob& job, uint32_t freed_by, SiteSlot* slot,
                  Caller caller);
  void MayJoin(SiteSlot* slot, Caller caller);
  void JoinWorkers(SiteSlot* slot, Caller caller);
  bool AwaitEndOf(size_t worker, const Deadline& deadline, SiteSlot* slot,
                  Caller caller);
  void IsJoined(SiteSlot* slot, Caller caller);

  const size_t size_;
  const source_location where_;
  QueueState jobs_state_;  // its lock guards the rest
  OldestFirst<std::unique_ptr<PoolJob>> jobs_;
  std::vector<Worker> workers_;
  // Of each whether its thread has nothing more to run; unguarded.
  std::vector<std::atomic<uint32_t>> ended_;
  Joining joining_ = Joining::kNobody;
  WaitQueue slots_;                // other joiners wait here
  std::atomic<uint32_t> ends_{0};  // of tasks
  char task_name_[64] = "";        // in reports, if the pool has a name
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_THREAD_POOL_H_
