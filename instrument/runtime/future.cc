// The part of futures that throws, and what is fulfilled when a thread ends.

#include "instrument/runtime/at_thread_exit.h"
#include "lockcheck/internal/future_state.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

class PublishAct : public runtime::ExitAct {
 public:
  PublishAct(FutureState& state, SiteSlot* slot) : state_(state), slot_(slot) {
    state_.Hold();
  }
  ~PublishAct() override {
    if (state_.LetGo()) state_.End(slot_, LOCKCHECK_CALLER());
  }
  void Run() override { state_.Publish(slot_, LOCKCHECK_CALLER()); }

 private:
  FutureState& state_;
  SiteSlot* const slot_;
};

}  // namespace

void ThrowFutureError(std::future_errc code) { throw std::future_error(code); }

std::exception_ptr BrokenPromise() {
  return std::make_exception_ptr(
      std::future_error(std::future_errc::broken_promise));
}

void FutureState::PublishAtThreadExit(SiteSlot* slot) {
  runtime::AtThreadExit(std::make_unique<PublishAct>(*this, slot));
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal
