// What a variable is to the log: a number, and of each access the number of the
// write that it saw or made (its version).
//
// Who accesses a variable counts its versions himself (atomic_cell.h, shared.h,
// access.h); here is what is recorded of it. A read is recorded once: a thread
// that reads the same version again, and has recorded nothing but reads since,
// says nothing new (docs/log-format.md, ACCESS).
//
// Threading: any. Nothing blocks, allocates or throws.
// Cost: a read again 4 ns; what is recorded, some 6 ns and 12 bytes.
#ifndef LOCKCHECK_INTERNAL_VARIABLE_H_
#define LOCKCHECK_INTERNAL_VARIABLE_H_

#include <atomic>
#include <cstdint>

#include "lockcheck/internal/hot.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

enum class DataKind : uint8_t { kAtomic = 37, kVariable = 38 };  // model's
enum class AccessKind : uint8_t { kRead, kWrite, kUpdate };      // model's

struct VariableState {
  std::atomic<uint32_t> tag{0};  // object id << 3; 0: not registered
  uint32_t line = 0;
  const char* file = nullptr;
  const char* name = nullptr;

  constexpr VariableState() noexcept =
      default;  // zeros: a table of them is bss
  constexpr VariableState(const char* n, source_location where) noexcept
      : line(where.line()), file(where.file_name()), name(n) {}
};

// A plain variable that is known by its address alone.
struct KnownVariable {
  std::atomic<const volatile void*> address{nullptr};
  std::atomic<uint32_t> version{0};
  std::atomic<uint32_t> described{0};  // whether state is: see variable.cc
  VariableState state;
};

struct AccessFacts {
  DataKind kind;
  AccessKind access;
  uint32_t version;  // that was read, or made; kNoVersion: not known
};
// What is not known is not recorded.
inline constexpr uint32_t kNoVersion = UINT32_MAX;

void Accessed(VariableState& variable, const AccessFacts& facts, SiteSlot* slot,
              Caller caller) noexcept;
// Counts its versions, too.
void AccessedAt(const volatile void* address, AccessKind access,
                const char* name, source_location where, SiteSlot* slot,
                Caller caller) noexcept;
// What is at the address from now on is another variable.
void ForgetVariableAt(const volatile void* address) noexcept;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_VARIABLE_H_
