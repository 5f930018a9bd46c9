// LOCKCHECK_DISABLED: coroutines of which nothing is told.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_HOOKS_DISABLED_H_
#define LOCKCHECK_INTERNAL_COROUTINE_HOOKS_DISABLED_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

struct SiteSlot;
struct Caller {};

enum class How : uint8_t { kBlocking, kTry, kTimed };
enum class CoroutineOutcome : uint8_t {
  kAcquired,
  kTimedOut,
  kSignalled,
  kInterrupted,
};

struct CoroutineWait {
  uint32_t joined = 0, site = 0;
};
// A task that is awaited, and where; by a task, if that is known.
struct AwaitFrame {
  AwaitFrame* outer = nullptr;
  SiteSlot* awaited_at = nullptr;
};

struct ContextRecord {
  std::atomic<uint32_t> ready{0};
  uint32_t most_carriers = 0;
};
struct CoroutineRecord {
  static constexpr uint32_t actor = 0;
  const ContextRecord* context = nullptr;
  const void* function = nullptr;
  const char* name = nullptr;
  uint32_t await_site = 0;
  const AwaitFrame* innermost = nullptr;
  bool gives_up = false;
};

inline void SpeakFor(const CoroutineRecord&, CoroutineRecord&) {}
inline void ForkCoroutine(CoroutineRecord&) noexcept {}

class Carrier {
 public:
  void Resume(CoroutineRecord&) noexcept {}
  void Suspend(CoroutineRecord&) noexcept {}
  void End(CoroutineRecord&) noexcept {}
  void Leave() noexcept {}
  void Enter(ContextRecord&) noexcept {}
  void Exit() noexcept {}
};

inline uint32_t SiteOfAwait(SiteSlot*, Caller) noexcept { return 0; }
inline void BeginCoroutineWait(CoroutineRecord&,
                               const CoroutineWait&) noexcept {}
inline void CoroutinesAreLeft(CoroutineRecord* const*, size_t) noexcept {}
inline bool IsCoroutineWaitToFail(uint32_t, bool) noexcept { return false; }
inline uint32_t BeginCoroutineJoin(uint32_t, SiteSlot*, Caller) noexcept {
  return 0;
}
inline void EndCoroutineJoin(CoroutineRecord&, uint32_t, bool) noexcept {}
inline void TaskJoined(uint32_t, SiteSlot*, Caller) noexcept {}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#define LOCKCHECK_SITE_SLOT(slot) ((slot) = nullptr)
#define LOCKCHECK_CALLER() \
  ::lockcheck::internal::Caller {}

#endif  // LOCKCHECK_INTERNAL_COROUTINE_HOOKS_DISABLED_H_
