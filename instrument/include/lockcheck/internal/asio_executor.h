// The executor of an actor: Asio's executor that it was spawned with, but that
// what it runs is run as the actor.
#ifndef LOCKCHECK_INTERNAL_ASIO_EXECUTOR_H_
#define LOCKCHECK_INTERNAL_ASIO_EXECUTOR_H_

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/asio_actor.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <typename Function>
class AsioFunction final : public AsioJob {
 public:
  AsioFunction(std::shared_ptr<AsioActor> actor, Function function)
      : actor_(std::move(actor)), function_(std::move(function)) {}
  // It was not run: what it has is destroyed as the actor.
  ~AsioFunction() override {
    if (!function_) return;
    std::unique_ptr<AsioJob> rest =
        std::make_unique<Rest>(std::move(*function_));
    function_.reset();
    AsioActor::Run(std::move(rest), *actor_);
  }
  void Run() override {
    Function function = std::move(*function_);
    function_.reset();
    std::move(function)();
  }

 private:
  struct Rest final : AsioJob {
    explicit Rest(Function f) : function(std::move(f)) {}
    void Run() override { function.reset(); }
    std::optional<Function> function;
  };

  const std::shared_ptr<AsioActor> actor_;
  std::optional<Function> function_;
};

template <typename Property>
inline constexpr bool IsAboutWork =
    std::is_same_v<Property, asio::execution::outstanding_work_t::tracked_t> ||
    std::is_same_v<Property, asio::execution::outstanding_work_t::untracked_t>;

class ActorExecutor {
 public:
  ActorExecutor(std::shared_ptr<AsioActor> actor,
                asio::any_io_executor executor, bool counts) noexcept
      : actor_(std::move(actor)),
        executor_(std::move(executor)),
        counts_(counts) {
    if (counts_) actor_->AddWork();
  }
  ActorExecutor(const ActorExecutor& other) noexcept
      : ActorExecutor(other.actor_, other.executor_, other.counts_) {}
  ActorExecutor& operator=(const ActorExecutor&) = delete;
  ~ActorExecutor() {
    if (counts_) actor_->DropWork();
  }

  // Whether it counts as work is not for the executor below to know.
  ActorExecutor require(
      asio::execution::outstanding_work_t::tracked_t) const noexcept {
    return {actor_, executor_, true};
  }
  ActorExecutor require(
      asio::execution::outstanding_work_t::untracked_t) const noexcept {
    return {actor_, executor_, false};
  }
  template <typename Property>
  requires asio::can_require<const asio::any_io_executor&, Property>::value
      ActorExecutor
      require(const Property& property)
  const { return {actor_, asio::require(executor_, property), counts_}; }
  // A type-erased executor wraps what it only prefers.
  ActorExecutor prefer(
      asio::execution::prefer_only<
          asio::execution::outstanding_work_t::tracked_t>) const noexcept {
    return {actor_, executor_, true};
  }
  ActorExecutor prefer(
      asio::execution::prefer_only<
          asio::execution::outstanding_work_t::untracked_t>) const noexcept {
    return {actor_, executor_, false};
  }
  template <typename Property>
  requires(asio::can_prefer<const asio::any_io_executor&, Property>::value &&
           !asio::can_require<const asio::any_io_executor&, Property>::value &&
           !IsAboutWork<Property>) ActorExecutor
      prefer(const Property& property)
  const { return {actor_, asio::prefer(executor_, property), counts_}; }
  template <typename Property>
  requires asio::can_query<const asio::any_io_executor&, Property>::value auto
  query(const Property& property) const {
    return asio::query(executor_, property);
  }
  static constexpr asio::execution::mapping_t query(
      asio::execution::mapping_t) noexcept {
    return asio::execution::mapping.thread;
  }
  asio::execution::outstanding_work_t query(
      asio::execution::outstanding_work_t) const noexcept {
    if (counts_) return asio::execution::outstanding_work.tracked;
    return asio::execution::outstanding_work.untracked;
  }
  asio::execution_context& query(asio::execution::context_t) const noexcept {
    return asio::query(
        executor_, asio::execution::context_as_t<asio::execution_context&>());
  }
  template <typename Context>
  asio::execution_context& query(
      asio::execution::context_as_t<Context>) const noexcept {
    return query(asio::execution::context_t());
  }

  template <typename Function>
  void execute(Function&& function) const {
    using Its = AsioFunction<std::decay_t<Function>>;
    executor_.execute(
        [job = std::unique_ptr<AsioJob>(
             std::make_unique<Its>(actor_, std::forward<Function>(function))),
         actor = actor_]() mutable { AsioActor::Run(std::move(job), *actor); });
  }

  friend bool operator==(const ActorExecutor& a,
                         const ActorExecutor& b) noexcept {
    return a.actor_ == b.actor_ && a.executor_ == b.executor_ &&
           a.counts_ == b.counts_;
  }
  friend bool operator!=(const ActorExecutor& a,
                         const ActorExecutor& b) noexcept {
    return !(a == b);
  }

 private:
  std::shared_ptr<AsioActor> actor_;
  asio::any_io_executor executor_;
  bool counts_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_ASIO_EXECUTOR_H_
