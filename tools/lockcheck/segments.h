// The named objects that processes of this machine share (process::shared by a
// name): what each has, who has it open, and how the locks in it are.
//
// Problem: such an object stays when all of its processes were killed, and
// nothing but /dev/shm shows that it is there. What is said of it is how it was
// while it was looked at. Nothing here waits for a program, or changes it.
// Whatever a file has in it, it is read as bytes and no more.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_SEGMENTS_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_SEGMENTS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lockcheck::tools {

enum class SegmentState {
  kComplete,
  kBeingMade,   // somebody constructs it now
  kUnfinished,  // who did died over it, or over its end
  kForeign,     // no lockcheck made this file, or a newer one
  kUnreadable,  // it is another user's
};
std::string_view NameOf(SegmentState state);

enum class SharedLockState { kFree, kHeld, kOwnerDied, kNotRecoverable };
std::string_view NameOf(SharedLockState state);

struct SharedLock {
  std::string name;  // may be empty
  uint32_t offset;   // in the file
  SharedLockState state;
  pid_t owner;  // the thread's id; 0: nobody, or it died
};

struct SegmentUser {
  pid_t pid;
  std::string program;
};

struct Segment {
  std::string name, path;
  SegmentState state = SegmentState::kForeign;
  uint64_t file_bytes = 0;
  // Of one that is complete or unfinished.
  uint64_t bytes = 0;
  std::string type;  // "": not known
  pid_t creator = 0;
  bool creator_lives = false;
  bool until_last_user = false;
  std::vector<SharedLock> locks;
  size_t locks_not_shown = 0;

  bool is_used = false;  // by somebody, as the kernel's locks say
  // As /proc says; without those of others' processes, if they may not be seen.
  std::vector<SegmentUser> users;
  bool IsInUse() const { return is_used || !users.empty(); }
};

// By name. `folder` ends in a slash: kSegmentFolder.
absl::StatusOr<std::vector<Segment>> FindSegments(const std::string& folder);

enum class Removal { kRemoved, kInUse, kNotOurs, kGone };
// Removes the name, if it is one of ours that nobody has open; `force`: all the
// same. Whoever has the memory keeps it.
absl::StatusOr<Removal> RemoveSegment(const Segment& segment, bool force);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_SEGMENTS_H_
