// What is scheduled: a coroutine that was spawned, with those that it awaits,
// of which the innermost is the one that goes on.
//
// Problem: who is given a suspended coroutine may resume it at once, on another
// thread, while the one that suspends it is still on its way out of it. So an
// awaiter tells nobody of its coroutine. It leaves a function (Suspend), which
// the context calls when the coroutine has returned to it (coroutine_run.h).
#ifndef LOCKCHECK_INTERNAL_COROUTINE_CHAIN_H_
#define LOCKCHECK_INTERNAL_COROUTINE_CHAIN_H_

#include <chrono>
#include <coroutine>
#include <cstdlib>
#include <map>
#include <stdexcept>

#include "lockcheck/internal/abi.h"
#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/coroutine_hooks_disabled.h"
#else
#include "lockcheck/internal/coroutine_hooks.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI::internal {

class RunCore;
struct Chain;

// Gives the coroutine to whoever will resume it: true, and neither it nor the
// awaiter may be touched any more. False: it goes on at once.
using Park = bool (*)(Chain& chain, void* awaiter) noexcept;

// What is to happen at a certain time; of a context, whose lock guards it.
struct CoroutineTimer {
  using Clock = std::chrono::steady_clock;
  // With the context locked. The chain to be resumed, or null.
  Chain* (*fire)(CoroutineTimer& timer) noexcept = nullptr;
  std::multimap<Clock::time_point, CoroutineTimer*>::iterator place;
  bool is_set = false;
};

struct Chain {
  explicit Chain(RunCore& core) : context(&core) {}
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;
  virtual ~Chain() = default;
  // The coroutine has come to its end, or never will: keeps its answer, if
  // there is one, and destroys it.
  virtual void Finish() noexcept = 0;
  // Behind that, with the context locked. What is returned is to be resumed; if
  // `is_owned`, somebody else destroys this.
  virtual Chain* Ended(bool* is_owned) noexcept = 0;
  // It can go on. False: in run() of its context. Perhaps with the context
  // locked.
  virtual bool GoOn() noexcept { return false; }

  RunCore* const context;
  bool is_background = false;      // nobody waits for its end
  std::coroutine_handle<> root;    // of the coroutine that was spawned
  std::coroutine_handle<> handle;  // what goes on
  Park park = nullptr;
  void* awaiter = nullptr;
  Chain* next = nullptr;  // in a list of those that are to be resumed
  Chain* next_of_all = nullptr;
  Chain* previous_of_all = nullptr;
  CoroutineRecord record;
};

// The one that the thread runs; null: none.
inline thread_local constinit Chain* t_chain = nullptr;

[[noreturn]] inline void CoroutineMisused(const char* what) {
#if defined(__cpp_exceptions)
  throw std::logic_error(what);
#else
  static_cast<void>(what);
  std::abort();
#endif
}

inline Chain& ThisChain() {
  if (t_chain == nullptr) {
    CoroutineMisused("lockcheck: awaited outside of a coroutine::context");
  }
  return *t_chain;
}

// By an awaiter's await_suspend().
inline void Suspend(std::coroutine_handle<> handle, Park park,
                    void* awaiter) noexcept {
  Chain& chain = *t_chain;
  chain.handle = handle;
  chain.park = park;
  chain.awaiter = awaiter;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_CHAIN_H_
