// Coroutines of Boost.Asio (1.81) as actors, and what they await of lockcheck.
//
//   * co_spawn(executor, awaitable, token), or of a context, is Asio's, but
//   that the coroutine is
//     an actor, with those that it awaits, as one of a coroutine::context is;
//     who is told of its end comes after it;
//   * async(request, token) awaits whatever co_await takes in a context, with
//     any completion token: async(m.lock(), asio::use_awaitable). The rest is
//     the same by names: async_lock(m, token), async_scoped_lock(m, token),
//     async_wait(e, token), and with a time limit async_try_lock_for(m, d,
//     token), async_wait_for(e, d, token), ..._until(..., t, token);
//   * run(io_context) is its run(), and says how many coroutines are left; what
//     those did that have ended happened before it returns.
// What fails has an error code, which asio::use_awaitable throws: a request
// that is cancelled (total cancellation) has operation_aborted, one that closes
// a deadlock under on_deadlock=throw resource_deadlock_would_occur, and one by
// a coroutine that Asio's own co_spawn() has spawned operation_not_supported.
//
// (co_await m.lock() does not compile there: an asio::awaitable awaits nothing
// but its own kind.)
//
// Who waits for a lock or a signal of lockcheck's is no work of its io_context:
// run() returns when nobody else is left, unless there is an
// asio::executor_work_guard, as whoever has who is going to resume one from
// outside. Coroutines that are left when the io_context is destroyed, after
// run(io_context) found it out of work, are a deadlock, as in a
// coroutine::context. None is if it was stopped, nor if io_context::run() ran
// it, after which it does not say which it was.
//
// The executor may be that of an io_context that one thread runs, or several,
// of a thread pool or a strand. What is run in a coroutine's name is run as on
// a strand, its branches too (operators && and ||). A wait that may be
// cancelled, as that of a branch, is part of no deadlock.
//
// This is the only header of lockcheck's that shows a type of Boost's.
#ifndef LOCKCHECK_COROUTINE_ASIO_H_
#define LOCKCHECK_COROUTINE_ASIO_H_

#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/coroutine/event.h"
#include "lockcheck/coroutine/mutex.h"
#include "lockcheck/internal/asio_operation.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

template <typename T>
using AsioAwaitable = asio::awaitable<T, asio::any_io_executor>;

// Says that the coroutine has ended, however that came about.
struct AsioEnd {
  explicit AsioEnd(std::shared_ptr<AsioActor> its) : actor(std::move(its)) {}
  AsioEnd(AsioEnd&& other) noexcept = default;
  ~AsioEnd() {
    if (actor != nullptr) actor->is_over = true;
  }
  std::shared_ptr<AsioActor> actor;
};

template <typename T>
AsioAwaitable<T> RunAsActor(AsioEnd, AsioAwaitable<T> its) {
  co_return co_await std::move(its);
}

// Of who is told of an actor's end.
template <typename Handler>
struct AsioEndHandler {
  template <typename... Answer>
  void operator()(Answer&&... answer) {
    if (actor != 0) TaskJoined(actor, slot, caller);
    std::move(handler)(std::forward<Answer>(answer)...);
  }
  Handler handler;
  uint32_t actor;
  SiteSlot* slot;
  Caller caller;
};

template <typename T>
struct AsioEndSignature {
  using Type = void(std::exception_ptr, T);
};
template <>
struct AsioEndSignature<void> {
  using Type = void(std::exception_ptr);
};

struct AsioSpawn {
  // Not const: GCC 12 warns that what is empty is read before it is written.
  template <typename Handler, typename T>
  void operator()(Handler handler, std::shared_ptr<AsioActor> actor,
                  AsioAwaitable<T> its, SiteSlot* slot, Caller caller) {
    const ActorExecutor executor(actor, actor->executor(), false);
    const uint32_t id = actor->record.actor;
    asio::co_spawn(
        asio::any_io_executor(executor),
        RunAsActor<T>(AsioEnd(std::move(actor)), std::move(its)),
        AsioEndHandler<Handler>{std::move(handler), id, slot, caller});
  }
};

// Of an execution context it is its own.
template <typename Executor>
asio::any_io_executor AnyExecutor(Executor& executor) {
  if constexpr (requires { executor.get_executor(); }) {
    return executor.get_executor();
  } else {
    return executor;
  }
}

template <typename Request>
struct AsioStart {
  template <typename Handler>
  void operator()(Handler handler, const Request& request) const {
    AsioOperation<Request, Handler>::Start(request, std::move(handler));
  }
};

}  // namespace internal

namespace coroutine {

// The name, in reports, if any, must outlive the log's process.
template <typename Executor, typename T, typename Token>
LOCKCHECK_ALWAYS_INLINE auto co_spawn(Executor&& executor,
                                      ::boost::asio::awaitable<T> awaitable,
                                      Token&& token,
                                      const char* name = nullptr) {
  internal::SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  const ::boost::asio::any_io_executor any = internal::AnyExecutor(executor);
  auto& service = ::boost::asio::use_service<internal::AsioService>(
      ::boost::asio::query(any, ::boost::asio::execution::context));
  service.UseExecutor(any);
  auto actor = std::make_shared<internal::AsioActor>(service, any);
  actor->record.name = name;
  internal::ForkCoroutine(actor->record);
  service.Know(*actor);
  return ::boost::asio::async_initiate<
      Token, typename internal::AsioEndSignature<T>::Type>(
      internal::AsioSpawn(), token, std::move(actor), std::move(awaitable),
      slot, LOCKCHECK_CALLER());
}

template <typename Request, typename Token>
LOCKCHECK_ALWAYS_INLINE auto async(Request request, Token&& token) {
  using Answer = internal::AnswerOf<Request>;
  return ::boost::asio::async_initiate<
      Token, typename internal::AsioSignature<Answer>::Type>(
      internal::AsioStart<Request>(), token, request);
}

template <typename Lock, typename Token>
LOCKCHECK_ALWAYS_INLINE auto async_lock(Lock& lock, Token&& token) {
  return async(lock.lock(), std::forward<Token>(token));
}
template <typename Lock, typename Token>
LOCKCHECK_ALWAYS_INLINE auto async_scoped_lock(Lock& lock, Token&& token) {
  return async(lock.scoped_lock(), std::forward<Token>(token));
}
template <typename Lock, typename Rep, typename Period, typename Token>
LOCKCHECK_ALWAYS_INLINE auto async_try_lock_for(
    Lock& lock, const std::chrono::duration<Rep, Period>& duration,
    Token&& token) {
  return async(lock.try_lock_for(duration), std::forward<Token>(token));
}
template <typename Lock, typename Clock, typename Duration, typename Token>
LOCKCHECK_ALWAYS_INLINE auto async_try_lock_until(
    Lock& lock, const std::chrono::time_point<Clock, Duration>& time,
    Token&& token) {
  return async(lock.try_lock_until(time), std::forward<Token>(token));
}
template <typename Signal, typename Token>
LOCKCHECK_ALWAYS_INLINE auto async_wait(Signal& signal, Token&& token) {
  return async(signal.wait(), std::forward<Token>(token));
}
template <typename Signal, typename Rep, typename Period, typename Token>
LOCKCHECK_ALWAYS_INLINE auto async_wait_for(
    Signal& signal, const std::chrono::duration<Rep, Period>& duration,
    Token&& token) {
  return async(signal.wait_for(duration), std::forward<Token>(token));
}
template <typename Signal, typename Clock, typename Duration, typename Token>
LOCKCHECK_ALWAYS_INLINE auto async_wait_until(
    Signal& signal, const std::chrono::time_point<Clock, Duration>& time,
    Token&& token) {
  return async(signal.wait_until(time), std::forward<Token>(token));
}

LOCKCHECK_ALWAYS_INLINE size_t run(::boost::asio::io_context& context) {
  internal::SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  auto& service = ::boost::asio::use_service<internal::AsioService>(context);
  service.Run(context);
  service.core().JoinEnded(slot, LOCKCHECK_CALLER());
  return service.core().CountLeft();
}

}  // namespace coroutine
}  // namespace lockcheck::inline LOCKCHECK_ABI

// What a handler is associated with stays so.
namespace boost::asio {

template <template <typename, typename> class Associator, typename Handler,
          typename Default>
struct associator<Associator, ::lockcheck::internal::AsioEndHandler<Handler>,
                  Default> : Associator<Handler, Default> {
  using Wrapped = ::lockcheck::internal::AsioEndHandler<Handler>;

  static auto get(const Wrapped& handler) noexcept {
    return Associator<Handler, Default>::get(handler.handler);
  }
  static auto get(const Wrapped& handler, const Default& other) noexcept {
    return Associator<Handler, Default>::get(handler.handler, other);
  }
};

}  // namespace boost::asio

#endif  // LOCKCHECK_COROUTINE_ASIO_H_
