// coroutine::task_group<T>: coroutines that are spawned together and awaited
// together, as by Python's asyncio.TaskGroup and gather().
//
//   * spawn(t) spawns a task in the group's context;
//   * co_await join() suspends the coroutine until all have ended, and gives
//     their values in the order in which they were spawned, whatever the order
//     in which they ended; of tasks without a value, nothing. If tasks have
//     thrown, it throws what the first of them in that order threw, when all
//     have ended. Afterwards the group is empty, and may be used again.
// What is destroyed without a join() lets its tasks go on, as tasks that were
// spawned in the context. A task that joins the group it is in, or waits for
// what the one holds who joins it, is a deadlock, and reported as one.
//
// By one coroutine or thread at a time.
#ifndef LOCKCHECK_COROUTINE_TASK_GROUP_H_
#define LOCKCHECK_COROUTINE_TASK_GROUP_H_

#include <coroutine>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/coroutine/task.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

struct GroupMember : Chain {
  using Chain::Chain;

  Chain* Ended(bool* is_owned) noexcept override {
    has_ended = true;
    *is_owned = !is_detached;
    if (is_detached) {
      context->HasEnded(record.actor);
      if (Failure() != nullptr) context->Fails(Failure());
    }
    return std::exchange(awaiting, nullptr);
  }
  virtual std::exception_ptr Failure() const noexcept = 0;
  // Who spawned it has no more to do with it.
  void Detach() {
    std::unique_ptr<GroupMember> ended;
    const std::lock_guard guard(context->guard());
    is_detached = true;
    if (!has_ended) return;
    context->HasEnded(record.actor);
    ended.reset(this);
  }

  // Guarded by the context.
  bool has_ended = false;
  bool is_detached = false;
  Chain* awaiting = nullptr;
};

template <typename T>
struct GroupTask final : GroupMember {
  GroupTask(RunCore& core, coroutine::task<T> t)
      : GroupMember(core), task(std::move(t)) {
    TaskAccess::BeRoot(task, *this);
  }
  void Finish() noexcept override {
    const auto its = TaskAccess::HandleOf(task);
    if (its.done()) answer = std::move(its.promise().answer);
    task = {};
  }
  std::exception_ptr Failure() const noexcept override {
    return answer.failure();
  }

  coroutine::task<T> task;
  Answer<T> answer;
};

class MemberAwaiter {
 public:
  MemberAwaiter(GroupMember& member, SiteSlot* slot, Caller caller)
      : member_(member), slot_(slot), caller_(caller) {}
  ~MemberAwaiter() {
    if (chain_ == nullptr) return;
    const std::lock_guard guard(member_.context->guard());
    member_.awaiting = nullptr;
    EndCoroutineJoin(chain_->record, member_.record.actor, false);
  }
  MemberAwaiter(const MemberAwaiter&) = delete;
  MemberAwaiter& operator=(const MemberAwaiter&) = delete;

  bool await_ready() const {
    ThisChain();
    const std::lock_guard guard(member_.context->guard());
    return member_.has_ended;
  }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    chain_ = t_chain;
    wait_.joined = member_.record.actor;
    wait_.site = BeginCoroutineJoin(wait_.joined, slot_, caller_);
    Suspend(
        handle,
        [](Chain& chain, void* awaiter) noexcept {
          return static_cast<MemberAwaiter*>(awaiter)->ParkHere(chain);
        },
        this);
  }
  void await_resume() noexcept {
    const uint32_t actor = member_.record.actor;
    if (chain_ == nullptr) return TaskJoined(actor, slot_, caller_);
    EndCoroutineJoin(std::exchange(chain_, nullptr)->record, actor, true);
  }

 private:
  bool ParkHere(Chain& chain) noexcept {
    const uint32_t actor = chain.record.actor;
    BeginCoroutineWait(chain.record, wait_);
    {
      const std::lock_guard guard(member_.context->guard());
      if (member_.has_ended) return false;
      member_.awaiting = &chain;
    }
    IsCoroutineWaitToFail(actor, false);
    return true;
  }

  GroupMember& member_;
  SiteSlot* const slot_;
  const Caller caller_;
  CoroutineWait wait_;
  Chain* chain_ = nullptr;  // while it is suspended
};

}  // namespace internal

namespace coroutine {

template <typename T = void>
class task_group {
 public:
  // Of the coroutine that makes it.
  task_group() : core_(*internal::ThisChain().context) {}
  explicit task_group(context& c) : core_(c.core_) {}
  ~task_group() {
    for (auto& member : members_) member.release()->Detach();
  }
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

  // The name, in reports, if any, must outlive the log's process.
  void spawn(task<T> t, const char* name = nullptr) {
    members_.push_back(
        std::make_unique<internal::GroupTask<T>>(core_, std::move(t)));
    internal::GroupTask<T>& member = *members_.back();
    member.record.name = name;
    internal::ForkCoroutine(member.record);
    core_.Add(member);
  }

  LOCKCHECK_ALWAYS_INLINE auto join() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return JoinRequest{this, slot, LOCKCHECK_CALLER()};
  }

 private:
  using Values = std::conditional_t<std::is_void_v<T>, std::type_identity<void>,
                                    std::type_identity<std::vector<T>>>;

  using Joining = task<typename Values::type>;

  // What is awaited; see coroutine::mutex.
  struct [[nodiscard]] JoinRequest {
    auto operator co_await() const {
      return internal::OwnedAwaiter<typename Values::type>(
          group->JoinAt(slot, caller));
    }
    task_group* group;
    internal::SiteSlot* slot;
    internal::Caller caller;
  };

  Joining JoinAt(internal::SiteSlot* slot, internal::Caller caller) {
    for (auto& member : members_) {
      co_await internal::MemberAwaiter(*member, slot, caller);
    }
    const auto members = std::exchange(members_, {});
    if constexpr (std::is_void_v<T>) {
      for (auto& member : members) member->answer.Take();
    } else {
      std::vector<T> values;
      values.reserve(members.size());
      for (auto& member : members) values.push_back(member->answer.Take());
      co_return values;
    }
  }

  internal::RunCore& core_;
  std::vector<std::unique_ptr<internal::GroupTask<T>>> members_;
};

}  // namespace coroutine
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_COROUTINE_TASK_GROUP_H_
