// blocking_region: around a call that waits for the outside: a read from a disk
// or a socket, a child process, a device.
//
//   {
//     lockcheck::blocking_region reading("read config");
//     n = ::read(fd, buffer, size);
//   }
//
// The thread's wait is in the log, with its length; nobody of the program can
// end it and nobody is stuck for it. A lock that is held meanwhile, and that
// others ask for, is a finding (hazard blocking-call): they wait for the
// device, too. Regions of one place are one object, called `name`, which must
// stay valid, as a literal does.
//
// Nothing throws and nothing blocks. Of a region within another one only the
// inner one counts, and a lock that is waited for within ends it in the log.
// Cost: two calls, about 100 ns. Any thread may use it. With mode=live nothing
// is said of it.
#ifndef LOCKCHECK_BLOCKING_REGION_H_
#define LOCKCHECK_BLOCKING_REGION_H_

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

#if !defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/hot.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {

#if defined(LOCKCHECK_DISABLED)

class [[nodiscard]] blocking_region {
 public:
  explicit blocking_region(const char*, source_location = {}) noexcept {}
  ~blocking_region() {}
  blocking_region(const blocking_region&) = delete;
  blocking_region& operator=(const blocking_region&) = delete;
};

#else

namespace internal {
void BeginRegion(const char* name, source_location where, SiteSlot* slot,
                 Caller caller) noexcept;
void EndRegion() noexcept;
}  // namespace internal

class [[nodiscard]] blocking_region {
 public:
  LOCKCHECK_ALWAYS_INLINE explicit blocking_region(
      const char* name,
      source_location where = source_location::current()) noexcept {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    internal::BeginRegion(name, where, slot, LOCKCHECK_CALLER());
  }
  ~blocking_region() { internal::EndRegion(); }
  blocking_region(const blocking_region&) = delete;
  blocking_region& operator=(const blocking_region&) = delete;
};

#endif

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_BLOCKING_REGION_H_
