// What a coroutine of lockcheck awaits, as an operation of Asio.
//
// An awaiter is asked and told what a coroutine would ask and tell it, but
// when it is to be resumed a handler is called. So whatever lockcheck/coroutine
// has for co_await is there for Asio, too.
#ifndef LOCKCHECK_INTERNAL_ASIO_OPERATION_H_
#define LOCKCHECK_INTERNAL_ASIO_OPERATION_H_

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <coroutine>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/asio_executor.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <typename Request>
using AwaiterOf = decltype(std::declval<Request>().operator co_await());
template <typename Request>
using AnswerOf = decltype(std::declval<AwaiterOf<Request>&>().await_resume());

template <typename Answer>
struct AsioSignature {
  using Type = void(boost::system::error_code, Answer);
};
template <>
struct AsioSignature<void> {
  using Type = void(boost::system::error_code);
};

template <typename Request, typename Handler>
class AsioOperation final : public AsioWaiting {
 public:
  using Awaiter = AwaiterOf<Request>;
  using Answer = AnswerOf<Request>;

  ~AsioOperation() override {
    if (!has_awaiter_) return;
    const AsOne as_one(*this);
    awaiter_.~Awaiter();
  }

  // By the coroutine, in its turn.
  static void Start(const Request& request, Handler handler) {
    if (t_asio_turn == nullptr) return Refuse(std::move(handler));
    AsioActor& actor = t_asio_turn->actor();
    auto operation = std::unique_ptr<AsioOperation>(
        new AsioOperation(actor, std::move(handler)));
    if (operation->Waits(request)) {
      t_asio_turn->Begins(*operation.release());
    } else {
      operation.release()->GoOn();
    }
  }

 private:
  // Nobody knows who asks.
  static void Refuse(Handler handler) {
    const auto executor = asio::get_associated_executor(handler);
    const boost::system::error_code error =
        asio::error::operation_not_supported;
    asio::post(executor, [handler = std::move(handler), error]() mutable {
      if constexpr (std::is_void_v<Answer>) {
        std::move(handler)(error);
      } else {
        std::move(handler)(error, Answer());
      }
    });
  }

  AsioOperation(AsioActor& its, Handler handler)
      : AsioWaiting(*its.context, its.shared_from_this()),
        handler_(std::move(handler)) {
    SpeakFor(its.record, record);
    const auto slot = asio::get_associated_cancellation_slot(handler_);
    record.gives_up = slot.is_connected();
  }
  // Awaiters know whom they speak of by the thread.
  struct AsOne {
    explicit AsOne(Chain& chain) : before(std::exchange(t_chain, &chain)) {}
    ~AsOne() { t_chain = before; }
    AsOne(const AsOne&) = delete;
    AsOne& operator=(const AsOne&) = delete;
    Chain* const before;
  };

  bool Waits(const Request& request) {
    const AsOne as_one(*this);
    new (&awaiter_) Awaiter(request.operator co_await());
    has_awaiter_ = true;
    if (awaiter_.await_ready() || !Suspends()) return false;
    actor->record.await_site = record.await_site;
    is_waiting_ = true;
    actor->SetParked(true);
    actor->service()->Add(*this);
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected()) {
      slot.assign([this](asio::cancellation_type) { Cancel(); });
    }
    return true;
  }
  bool Suspends() {
    const std::coroutine_handle<> nobody = std::noop_coroutine();
    if constexpr (std::is_void_v<decltype(awaiter_.await_suspend(nobody))>) {
      awaiter_.await_suspend(nobody);
      return true;
    } else {
      return awaiter_.await_suspend(nobody);
    }
  }

  // In a turn of the actor.
  void Cancel() {
    if constexpr (requires { awaiter_.Cancel(); }) {
      is_cancelled_ = true;
      if (Chain* const chain = awaiter_.Cancel()) chain->GoOn();
    }
  }
  bool WasCancelled() const {
    if constexpr (requires { awaiter_.HasGivenUp(); }) {
      return is_cancelled_ && awaiter_.HasGivenUp();
    }
    return false;
  }

  void Complete() noexcept override {
    if (is_waiting_) {
      actor->service()->Remove(*this);
      actor->SetParked(false);
    }
    asio::post(Executor(), [self = std::unique_ptr<AsioOperation>(
                                this)]() mutable { Answers(std::move(self)); });
  }
  void Destroy() noexcept override {
    actor->service()->Remove(*this);
    std::unique_ptr<AsioOperation> self(this);
    asio::post(Executor(), [self = std::move(self)] {});
  }
  ActorExecutor Executor() const {
    return ActorExecutor(actor, actor->executor(), false);
  }

  // As the actor.
  static void Answers(std::unique_ptr<AsioOperation> self) {
    auto slot = asio::get_associated_cancellation_slot(self->handler_);
    if (slot.is_connected()) slot.clear();
    const ActorExecutor its = self->Executor();
    boost::system::error_code error;
    if constexpr (std::is_void_v<Answer>) {
      self->TakeAnswer(error, [&] { self->awaiter_.await_resume(); });
      Handler handler = std::move(self->handler_);
      self.reset();
      const auto executor = asio::get_associated_executor(handler, its);
      asio::dispatch(executor, [handler = std::move(handler), error]() mutable {
        std::move(handler)(error);
      });
    } else {
      std::optional<Answer> answer;
      self->TakeAnswer(error,
                       [&] { answer.emplace(self->awaiter_.await_resume()); });
      Handler handler = std::move(self->handler_);
      self.reset();
      if (!answer) answer.emplace();
      const auto executor = asio::get_associated_executor(handler, its);
      asio::dispatch(executor, [handler = std::move(handler), error,
                                answer = std::move(*answer)]() mutable {
        std::move(handler)(error, std::move(answer));
      });
    }
  }
  template <typename Take>
  void TakeAnswer(boost::system::error_code& error, Take take) {
    if (WasCancelled()) {
      error = asio::error::operation_aborted;
      return;
    }
    const AsOne as_one(*this);
#if defined(__cpp_exceptions)
    try {
      take();
    } catch (const std::system_error& refused) {
      error = refused.code();
    }
#else
    take();
#endif
  }

  Handler handler_;
  bool is_waiting_ = false;
  bool is_cancelled_ = false;
  bool has_awaiter_ = false;
  union {
    Awaiter awaiter_;
  };
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_ASIO_OPERATION_H_
