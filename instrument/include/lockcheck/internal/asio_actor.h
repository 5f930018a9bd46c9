// A coroutine of Boost.Asio as an actor: an executor whose functions are its
// turns.
//
// Problem: Asio resumes a coroutine wherever the operation that it awaits is
// complete, at once perhaps, on another thread, while the one that began it is
// still on its way out. So whatever runs in the coroutine's name goes through
// an executor of ours, which makes the thread the coroutine meanwhile; and an
// actor is in one thread at a time: what comes while it has a turn is run
// behind that, as on a strand. Frames are destroyed in a turn, too, so that
// what they hold is let go of by who holds it.
//
// A coroutine that awaits what is lockcheck's has nothing that it waits for in
// its io_context: until it can go on, the executor's outstanding work does not
// count there. So run() of a context in which nobody can go on returns.
//
// Cost: of each function that Asio runs, one allocation, two locks and two
// segments of the log.
#ifndef LOCKCHECK_INTERNAL_ASIO_ACTOR_H_
#define LOCKCHECK_INTERNAL_ASIO_ACTOR_H_

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "lockcheck/internal/coroutine_run.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

namespace asio = ::boost::asio;

class AsioActor;
class AsioService;

// An operation that a coroutine awaits, and that lockcheck ends.
class AsioWaiting : public Chain {
 public:
  AsioWaiting(RunCore& core, std::shared_ptr<AsioActor> its)
      : Chain(core), actor(std::move(its)) {}
  void Finish() noexcept override {}
  Chain* Ended(bool*) noexcept override { return nullptr; }
  // Once: whoever comes later finds it on its way.
  bool GoOn() noexcept override {
    if (!goes_on_.exchange(true, std::memory_order_acq_rel)) Complete();
    return true;
  }
  void ParkNow() noexcept;
  // With its context: nobody is to go on any more.
  void Drop() noexcept {
    if (!goes_on_.exchange(true, std::memory_order_acq_rel)) Destroy();
  }

  const std::shared_ptr<AsioActor> actor;
  AsioWaiting* next_waiting = nullptr;
  AsioWaiting* previous_waiting = nullptr;

 private:
  virtual void Complete() noexcept = 0;
  virtual void Destroy() noexcept = 0;

  std::atomic<bool> goes_on_{false};
};

// Something to be run in an actor's name.
class AsioJob {
 public:
  virtual ~AsioJob() = default;
  virtual void Run() = 0;
};

// Of one execution context: its coroutines, and what they wait for.
class AsioService final : public asio::execution_context::service,
                          private TimersOutside {
 public:
  static inline asio::execution_context::id id;

  explicit AsioService(asio::execution_context& context)
      : service(context), core_(0, this) {}

  RunCore& core() { return core_; }
  void UseExecutor(const asio::any_io_executor& executor) {
    const std::lock_guard guard(guard_);
    if (!timer_) timer_.emplace(executor);
  }
  void Add(AsioWaiting& waiting) {
    const std::lock_guard guard(guard_);
    waiting.next_waiting = waiting_;
    if (waiting_ != nullptr) waiting_->previous_waiting = &waiting;
    waiting_ = &waiting;
  }
  void Remove(AsioWaiting& waiting) {
    const std::lock_guard guard(guard_);
    (waiting.previous_waiting == nullptr
         ? waiting_
         : waiting.previous_waiting->next_waiting) = waiting.next_waiting;
    if (waiting.next_waiting != nullptr) {
      waiting.next_waiting->previous_waiting = waiting.previous_waiting;
    }
  }
  void Know(AsioActor& actor);
  void Forget(AsioActor& actor, bool has_ended);
  // io_context::run(), by which is seen how it came to its end.
  void Run(asio::io_context& context);
  void SomethingRuns() {
    if (ran_out_.load(std::memory_order_relaxed)) ran_out_.store(false);
  }

 private:
  // How long a run() that is over is not noticed, if another thread's act ends
  // its work.
  static constexpr std::chrono::milliseconds kSlice{20};
  using Timer =
      asio::basic_waitable_timer<CoroutineTimer::Clock,
                                 asio::wait_traits<CoroutineTimer::Clock>,
                                 asio::any_io_executor>;

  void shutdown() noexcept override {
    is_over_.store(true);
    if (HasRunOut()) core_.TellLeft();
    while (AsioWaiting* const waiting = First()) waiting->Drop();
    ForgetAll();
    timer_.reset();
  }
  AsioWaiting* First() {
    const std::lock_guard guard(guard_);
    return waiting_;
  }
  void ForgetAll();

  static auto WorkOf(asio::io_context& context) {
    return asio::require(context.get_executor(),
                         asio::execution::outstanding_work.tracked);
  }

  // Whether the io_context has nothing more to do: the last of its work, if it
  // goes, stops it. It may have been stopped before that all the same, so
  // Run() must have seen its end.
  bool HasRunOut() {
    if (!ran_out_.load() || !timer_ || core_.CountLeft() == 0) return false;
    const auto executor = timer_->get_executor();
    const auto* const of = executor.target<asio::io_context::executor_type>();
    if (of == nullptr || !of->context().stopped()) return false;
    asio::io_context& context = of->context();
    context.restart();
    { const auto work = WorkOf(context); }
    const bool has_none = context.stopped();
    context.stop();
    return has_none;
  }

  // With the core locked, from any thread.
  void TimeChanged() noexcept override {
    if (is_over_.load()) return;
    asio::post(timer_->get_executor(), [this] { Fire(); });
  }
  void Fire() {
    const std::lock_guard guard(timer_guard_);
    if (is_over_.load()) return;
    const auto next = core_.FireDue();
    if (!next) {
      timer_->cancel();
      return;
    }
    timer_->expires_at(*next);
    timer_->async_wait([this](const boost::system::error_code& error) {
      if (!error) Fire();
    });
  }

  RunCore core_;
  std::atomic<bool> is_over_{false};
  std::atomic<int> runs_{0};          // threads in Run()
  std::atomic<bool> ran_out_{false};  // Run() saw it, and nothing ran since
  std::mutex guard_;                  // of the list
  AsioWaiting* waiting_ = nullptr;
  std::mutex timer_guard_;
  std::optional<Timer> timer_;
  AsioActor* actors_ = nullptr;
};

// A coroutine that was spawned.
class AsioActor final : public Chain,
                        public std::enable_shared_from_this<AsioActor> {
 public:
  AsioActor(AsioService& service, asio::any_io_executor executor)
      : Chain(service.core()),
        service_(&service),
        executor_(std::move(executor)) {}
  ~AsioActor() override {
    if (service_ != nullptr) service_->Forget(*this, false);
  }
  void Finish() noexcept override {}
  Chain* Ended(bool*) noexcept override { return nullptr; }

  AsioService* service() const { return service_; }
  const asio::any_io_executor& executor() const { return executor_; }

  // Now, or behind what has its turn.
  static void Run(std::unique_ptr<AsioJob> job, AsioActor& actor);

  // Of executors that keep their context from running out.
  void AddWork() {
    const std::lock_guard guard(guard_);
    ++works_;
    Balance();
  }
  void DropWork() noexcept {
    const std::lock_guard guard(guard_);
    --works_;
    Balance();
  }
  // How often it awaits what is lockcheck's.
  void SetParked(bool parked) noexcept {
    const std::lock_guard guard(guard_);
    parked_ += parked ? 1 : -1;
    Balance();
  }

  bool is_over = false;    // it has come to its end, or was destroyed
  bool has_ended = false;  // and that is recorded

 private:
  friend class AsioService;
  friend class AsioTurn;

  void Balance() {
    const bool counts = works_ != 0 && parked_ == 0;
    if (counts && !work_) {
      work_ =
          asio::prefer(executor_, asio::execution::outstanding_work.tracked);
    } else if (!counts) {
      work_.reset();
    }
  }
  // False: another one has its turn, and the job comes behind it.
  bool Begin(std::unique_ptr<AsioJob>& job) {
    const std::lock_guard guard(guard_);
    if (has_turn_) {
      behind_.push_back(std::move(job));
      return false;
    }
    has_turn_ = true;
    return true;
  }
  void EndTurn() noexcept;

  AsioService* service_;  // null: it is gone, or has forgotten this
  AsioActor* next_ = nullptr;
  AsioActor* previous_ = nullptr;
  const asio::any_io_executor executor_;
  std::mutex guard_;
  bool has_turn_ = false;
  std::vector<std::unique_ptr<AsioJob>> behind_;
  size_t works_ = 0;
  int parked_ = 0;
  std::optional<asio::any_io_executor> work_;
};

class AsioTurn;
// The turn that the thread is in; null: in none.
inline thread_local constinit AsioTurn* t_asio_turn = nullptr;

// The thread is the actor as long as this lives. The actor has its turn.
class AsioTurn {
 public:
  explicit AsioTurn(std::shared_ptr<AsioActor> actor)
      : actor_(std::move(actor)),
        turn_before_(std::exchange(t_asio_turn, this)),
        chain_before_(std::exchange(t_chain, nullptr)) {
    if (actor_->has_ended) return;
    if (actor_->service_ != nullptr) actor_->service_->SomethingRuns();
    carrier_.Enter(actor_->context->record());
    carrier_.Resume(actor_->record);
  }
  ~AsioTurn() {
    AsioActor& a = *actor_;
    if (!a.has_ended) {
      if (a.is_over) {
        a.has_ended = true;
        carrier_.End(a.record);
        if (a.service_ != nullptr) a.service_->Forget(a, true);
      } else {
        carrier_.Suspend(a.record);
      }
      carrier_.Leave();
      carrier_.Exit();
    }
    t_asio_turn = turn_before_;
    t_chain = chain_before_;
    a.EndTurn();
    // From now on it may be resumed.
    for (AsioWaiting* const waiting : begun_) waiting->ParkNow();
  }
  AsioTurn(const AsioTurn&) = delete;
  AsioTurn& operator=(const AsioTurn&) = delete;

  AsioActor& actor() { return *actor_; }
  void Begins(AsioWaiting& waiting) { begun_.push_back(&waiting); }

 private:
  const std::shared_ptr<AsioActor> actor_;
  Carrier carrier_;
  std::vector<AsioWaiting*> begun_;  // that are to be parked
  AsioTurn* const turn_before_;
  Chain* const chain_before_;
};

// A context that runs out of work is stopped by that, so what it says of itself
// afterwards is the same as if the program had stopped it. So it is run with
// work of ours: if it is stopped then, it was the program, and if it is when
// that work goes, it has run out. One of several threads sees to that.
inline void AsioService::Run(asio::io_context& context) {
  struct Counted {
    explicit Counted(std::atomic<int>& n) : count(n), first(n++ == 0) {}
    ~Counted() { --count; }
    std::atomic<int>& count;
    const bool first;
  };
  const Counted run(runs_);
  SomethingRuns();
  while (!context.stopped()) {
    if (!run.first || core_.CountLeft() == 0) {
      if (context.run_one() == 0) return;
      continue;
    }
    {
      const auto work = WorkOf(context);
      context.run_one_for(kSlice);
      if (context.stopped()) return;
    }
    if (context.stopped()) ran_out_.store(true);
  }
}

inline void AsioWaiting::ParkNow() noexcept {
  SpeakFor(actor->record, record);
  if (!park(*this, awaiter)) GoOn();
}

inline void AsioActor::Run(std::unique_ptr<AsioJob> job, AsioActor& actor) {
  if (t_asio_turn != nullptr && &t_asio_turn->actor() == &actor) {
    job->Run();
    return;
  }
  if (!actor.Begin(job)) return;
  const AsioTurn turn(actor.shared_from_this());
  job->Run();
  job.reset();
}

inline void AsioActor::EndTurn() noexcept {
  std::vector<std::unique_ptr<AsioJob>> behind;
  {
    const std::lock_guard guard(guard_);
    has_turn_ = false;
    std::swap(behind, behind_);
  }
  for (auto& job : behind) {
    asio::post(executor_,
               [job = std::move(job), self = shared_from_this()]() mutable {
                 Run(std::move(job), *self);
               });
  }
}

inline void AsioService::Know(AsioActor& actor) {
  core_.Know(actor);
  const std::lock_guard guard(guard_);
  actor.next_ = actors_;
  if (actors_ != nullptr) actors_->previous_ = &actor;
  actors_ = &actor;
}

inline void AsioService::Forget(AsioActor& actor, bool has_ended) {
  {
    const std::lock_guard guard(guard_);
    if (actor.service_ == nullptr) return;
    actor.service_ = nullptr;
    (actor.previous_ == nullptr ? actors_ : actor.previous_->next_) =
        actor.next_;
    if (actor.next_ != nullptr) actor.next_->previous_ = actor.previous_;
  }
  core_.Forget(actor, has_ended);
}

inline void AsioService::ForgetAll() {
  while (true) {
    AsioActor* actor;
    {
      const std::lock_guard guard(guard_);
      actor = actors_;
    }
    if (actor == nullptr) return;
    Forget(*actor, false);
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_ASIO_ACTOR_H_
