// What stands at the beginning of a named object's shared memory, for whoever
// opens it by its name, and for `lockcheck shm`.
//
// Problem: an object in memory that outlives its processes is found by programs
// that know nothing of each other, so the memory itself says what it has, and
// whether it was finished. Plain data; the value begins at kValueOffset, or a
// page later. What is read of a file here was perhaps written by anybody:
// whoever reads checks the sizes.
#ifndef LOCKCHECK_INTERNAL_SEGMENT_H_
#define LOCKCHECK_INTERNAL_SEGMENT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// Files of the folder of POSIX shared memory.
inline constexpr char kSegmentFolder[] = "/dev/shm/";
inline constexpr char kSegmentPrefix[] = "lockcheck.";
inline constexpr size_t kMostNameBytes = 200;  // of the user's part of it

struct SegmentHeader {
  static constexpr uint64_t kMagic = 0x6d68736b636f6cull;  // "lockshm"
  static constexpr uint32_t kVersion = 1;
  static constexpr size_t kTypeBytes = 160, kMostLocks = 128;
  enum State : uint32_t { kBeingMade, kComplete, kDestroyed };

  struct Lock {
    uint32_t offset;       // of a RobustMutex, from the header
    uint32_t name_offset;  // of its name, which ends with a 0; 0: it has none
  };

  std::atomic<uint64_t> magic;  // written first, but for its length
  uint32_t version;
  std::atomic<uint32_t> state;  // State
  uint64_t bytes;               // of the value
  uint64_t alignment;
  uint64_t fingerprint;  // of the type and the ABI; 0: not known (no RTTI)
  uint32_t creator;      // its process id
  // Whoever closes it last removes it.
  std::atomic<uint32_t> until_last_user;
  uint32_t locks;         // how many follow, and, above kMostLocks, do not
  char type[kTypeBytes];  // as the ABI spells it; its beginning
  Lock lock[kMostLocks];
};

// A page for the header. The value stands behind the beginning of the next, as
// in process/shared.h.
inline constexpr size_t kSegmentPage = 4096;
static_assert(sizeof(SegmentHeader) <= kSegmentPage);
constexpr size_t ValueOffset(size_t alignment) {
  return kSegmentPage + (alignment > 512 ? 0 : 512);
}

// ---- Locks in it ------------------------------------------------------------
// The segment whose value this thread constructs; null: none.
struct SegmentBeingMade {
  SegmentHeader* header;
  size_t bytes;
};
inline thread_local constinit SegmentBeingMade t_segment_being_made = {nullptr,
                                                                       0};

inline uint32_t OffsetInSegment(const void* what) noexcept {
  const SegmentBeingMade& made = t_segment_being_made;
  const auto begin = reinterpret_cast<uintptr_t>(made.header);
  const auto at = reinterpret_cast<uintptr_t>(what);
  return made.header != nullptr && at > begin && at - begin < made.bytes
             ? static_cast<uint32_t>(at - begin)
             : 0;
}

// A lock is made, which excludes by this RobustMutex, and has this name if it
// stands beside it. Nothing if it is in no segment that is being made.
inline void NoteLockOfSegment(const void* mutex, const char* name) noexcept {
  const uint32_t offset = OffsetInSegment(mutex);
  if (offset == 0) return;
  SegmentHeader& header = *t_segment_being_made.header;
  if (header.locks < SegmentHeader::kMostLocks) {
    header.lock[header.locks] = {offset, OffsetInSegment(name)};
  }
  ++header.locks;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_SEGMENT_H_
