#include "lockcheck/internal/thread_pool.h"

#include <errno.h>
#include <linux/futex.h>

#include <climits>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "instrument/runtime/at_thread_exit.h"
#include "instrument/runtime/plain.h"
#include "lib/model/primitives.h"
#include "lockcheck/internal/pool_size.h"
#include "lockcheck/internal/thread_hooks.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

// Whose worker this thread is.
constinit thread_local const Pool* t_pool = nullptr;

void ReportMisuse(WaitQueue& slots, model::Misuse misuse, SiteSlot* slot,
                  Caller caller) {
  Misused(slots, WaitKind::kThreadPool, static_cast<uint8_t>(misuse), slot,
          caller);
}

void SayEnd(std::atomic<uint32_t>& ended) {
  ended.store(1, std::memory_order_release);
  runtime::Futex(ended, FUTEX_WAKE, INT_MAX, nullptr, 0);
}

// A worker's thread_local objects may need locks that who joins it holds, and
// std::thread::join() knows no time limit. So it is called when they are gone.
struct EndIsSaid final : runtime::ExitAct {
  explicit EndIsSaid(std::atomic<uint32_t>& e) : ended(e) {}
  void Run() override { SayEnd(ended); }
  std::atomic<uint32_t>& ended;
};

// False: there is no memory for it.
bool WillSayEnd(std::atomic<uint32_t>& ended) {
  try {
    runtime::AtThreadExit(std::make_unique<EndIsSaid>(ended));
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

// ---- Workers ----------------------------------------------------------------

Pool::Pool(size_t size, const char* name, source_location where)
    : size_(size == 0 ? UsableProcessors() : size),
      where_(where),
      jobs_state_(0, name, where),
      ended_(size_),
      slots_(name, where, static_cast<uint32_t>(size_)) {
  workers_.reserve(size_);
  if (name != nullptr) {
    snprintf(task_name_, sizeof(task_name_), "%s task", name);
  }
  try {
    for (size_t i = 0; i < size_; ++i) StartWorker(i);
  } catch (...) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    Close(slot, LOCKCHECK_CALLER());
    JoinWorkers(slot, LOCKCHECK_CALLER());
    DestroyWaitQueue(slots_);
    throw;
  }
}

void Pool::StartWorker(size_t number) {
  const uint32_t actor = ForkThread();
  std::thread worker([this, number, actor, parent = SelfActor()] {
    BeginThread(actor, parent);
    Work(number);
  });
  workers_.push_back({actor, std::move(worker)});
}

Pool::~Pool() { DestroyWaitQueue(slots_); }

void Pool::Work(size_t number) {
  t_pool = this;
  const bool will_say_end = WillSayEnd(ended_[number]);
  const WorkScope scope(jobs_state_, slots_);
  if (name() != nullptr) {
    char worker[64];
    snprintf(worker, sizeof(worker), "%s worker %zu", name(), number + 1);
    NameThread(worker);
  }
  SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  const Caller caller = LOCKCHECK_CALLER();
  uint32_t freed_by = 0;
  while (const std::unique_ptr<PoolJob> job = NextJob(slot, caller)) {
    freed_by = RunJob(*job, freed_by, slot, caller);
  }
  if (!will_say_end) SayEnd(ended_[number]);
}

// Null: it is closed, and nothing is left. No exception says so: a process that
// can start no more threads may have no memory for one either.
std::unique_ptr<PoolJob> Pool::NextJob(SiteSlot* slot, Caller caller) {
  QueueSection section(jobs_state_, slot, caller);
  if (!section.HasItemOrEnd()) return nullptr;
  std::unique_ptr<PoolJob> job = std::move(jobs_.Next());
  jobs_.RemoveNext();
  section.IsTaken(How::kBlocking);
  return job;
}

// The task takes the slot that the one before it on this worker gave back: act
// `freed_by`, 0 for the first one. Returns the act by which it gives it back.
uint32_t Pool::RunJob(PoolJob& job, uint32_t freed_by, SiteSlot* slot,
                      Caller caller) {
  const TaskScope scope(job.start, slot, caller);
  if (!IsOff() &&
      !WarmNote(&slots_, nullptr, {freed_by, How::kBlocking, {}}, slot)) {
    Take(slots_, WaitKind::kThreadPool, {How::kBlocking, freed_by, 0}, slot,
         caller);
  }
  job.Run(slot, caller);
  const uint32_t end = ends_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (!IsOff() &&
      !WarmNote(nullptr, &slots_, {end, {}, PostKind::kTaskDone}, slot)) {
    Post(slots_, WaitKind::kThreadPool, {PostKind::kTaskDone, 0, end, 0}, slot,
         caller);
  }
  return end;
}

// ---- What the pool is asked for ---------------------------------------------

void Pool::Submit(std::unique_ptr<PoolJob> job, SiteSlot* slot, Caller caller) {
  job->start.parent = SelfActor();
  job->start.alone = size_ == 1;
  if (name() != nullptr) job->start.name = task_name_;
  {
    QueueSection section(jobs_state_, slot, caller);
    if (!jobs_state_.closed) {
      section.HasRoom(How::kBlocking, nullptr);
      jobs_.Add(std::move(job));
      section.IsAdded(How::kBlocking);
      return;
    }
  }
  ReportMisuse(slots_, model::Misuse::kUseAfterClose, slot, caller);
  throw std::logic_error("lockcheck: the pool is closed");
}

void Pool::Close(SiteSlot* slot, Caller caller) noexcept {
  CloseQueue(jobs_state_, slot, caller);
}

// What is promised to a worker has begun.
void Pool::Terminate(SiteSlot* slot, Caller caller) noexcept {
  Close(slot, caller);
  while (true) {
    std::unique_ptr<PoolJob> job;
    {
      QueueSection section(jobs_state_, slot, caller);
      if (!jobs_state_.HasItem()) return;
      job = std::move(jobs_.Next());
      jobs_.RemoveNext();
      section.IsTaken(How::kTry);
    }
    job->Drop(slot, caller);
  }
}

// ---- Joins ------------------------------------------------------------------

void Pool::MayJoin(SiteSlot* slot, Caller caller) {
  if (t_pool == this) {
    ReportMisuse(slots_, model::Misuse::kJoinByOwnTask, slot, caller);
    throw std::logic_error("lockcheck: a task joins its own pool");
  }
  {
    const std::lock_guard lock(jobs_state_.lock);
    if (jobs_state_.closed) return;
  }
  ReportMisuse(slots_, model::Misuse::kJoinBeforeClose, slot, caller);
  throw std::logic_error("lockcheck: the pool is joined before it is closed");
}

void Pool::Join(SiteSlot* slot, Caller caller) {
  MayJoin(slot, caller);
  JoinWorkers(slot, caller);
}

// The first one joins the threads, others wait for it.
void Pool::JoinWorkers(SiteSlot* slot, Caller caller) {
  {
    const std::lock_guard lock(jobs_state_.lock);
    if (joining_ == Joining::kDone) return;
    if (joining_ == Joining::kSomebody) {
      Waiter waiter;
      Enqueue(slots_, WaitKind::kThreadPool, waiter, slot, caller);
      jobs_state_.lock.unlock();
      SleepUntilSignalled(slots_, waiter, slot, caller, nullptr);
      jobs_state_.lock.lock();
      return;
    }
    joining_ = Joining::kSomebody;
  }
  for (Worker& worker : workers_) {
    if (worker.actor != 0) {
      JoinBlock(worker.actor, How::kBlocking, slot, caller);
    }
    worker.thread.join();
    if (worker.actor != 0) JoinEnd(worker.actor, Joined::kYes);
  }
  IsJoined(slot, caller);
}

void Pool::IsJoined(SiteSlot* slot, Caller caller) {
  Claimed others;
  {
    const std::lock_guard lock(jobs_state_.lock);
    joining_ = Joining::kDone;
    others = PostAndClaim(slots_, WaitKind::kThreadPool,
                          {PostKind::kClose, kAllWaiters, 0, 0}, slot, caller);
  }
  WakeClaimed(others.first);
}

// Any number of threads wait for the workers' ends, each for all of them. Then
// the threads can be joined in a moment, unless somebody is about it.
bool Pool::JoinBefore(const Deadline& deadline, SiteSlot* slot, Caller caller) {
  MayJoin(slot, caller);
  {
    const std::lock_guard lock(jobs_state_.lock);
    if (joining_ == Joining::kDone) return true;
  }
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (!AwaitEndOf(i, deadline, slot, caller)) return false;
  }
  {
    const std::lock_guard lock(jobs_state_.lock);
    if (joining_ != Joining::kNobody) return true;
    joining_ = Joining::kSomebody;
  }
  for (Worker& worker : workers_) worker.thread.join();
  IsJoined(slot, caller);
  return true;
}

bool Pool::AwaitEndOf(size_t worker, const Deadline& deadline, SiteSlot* slot,
                      Caller caller) {
  const uint32_t actor = workers_[worker].actor;
  if (actor != 0) JoinBlock(actor, How::kTimed, slot, caller);
  std::atomic<uint32_t>& ended = ended_[worker];
  bool passed = false;
  while (ended.load(std::memory_order_acquire) == 0 && !passed) {
    passed = runtime::FutexWait(ended, 0, &deadline) == ETIMEDOUT;
  }
  const bool joined = ended.load(std::memory_order_acquire) != 0;
  if (actor != 0) JoinEnd(actor, joined ? Joined::kYes : Joined::kTimedOut);
  return joined;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal
