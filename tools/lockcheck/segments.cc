#include "tools/lockcheck/segments.h"

#include <cxxabi.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "fmt/format.h"
#include "lockcheck/internal/named_file.h"
#include "lockcheck/internal/robust.h"
#include "lockcheck/internal/segment.h"

namespace lockcheck::tools {
namespace {

using internal::kSegmentPrefix;
using internal::NamedFile;
using internal::RobustMutex;
using internal::SegmentHeader;

template <typename T>
bool ReadAt(int fd, uint64_t offset, T* bytes, size_t size = sizeof(T)) {
  return pread(fd, bytes, size, static_cast<off_t>(offset)) ==
         static_cast<ssize_t>(size);
}

std::string TextIn(const char* bytes, size_t size) {
  return std::string(bytes, strnlen(bytes, size));
}

std::string Demangled(const std::string& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(type.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? text.get() : type;
}

bool Lives(pid_t pid) { return kill(pid, 0) == 0 || errno != ESRCH; }

// ---- What is in it ----------------------------------------------------------
SharedLockState StateOf(const RobustMutex& mutex) {
  switch (mutex.HowItIs()) {
    case RobustMutex::Condition::kOwnerDied:
      return SharedLockState::kOwnerDied;
    case RobustMutex::Condition::kNotRecoverable:
      return SharedLockState::kNotRecoverable;
    case RobustMutex::Condition::kSound:
      break;
  }
  return mutex.OwnerTid() != 0 ? SharedLockState::kHeld
                               : SharedLockState::kFree;
}

void ReadLocks(int fd, const SegmentHeader& header, Segment& segment) {
  const size_t count =
      std::min<size_t>(header.locks, SegmentHeader::kMostLocks);
  segment.locks_not_shown = header.locks - count;
  for (size_t i = 0; i < count; ++i) {
    const SegmentHeader::Lock& at = header.lock[i];
    alignas(RobustMutex) char bytes[sizeof(RobustMutex)];
    if (!ReadAt(fd, at.offset, bytes, sizeof(bytes))) continue;
    const auto& mutex = *reinterpret_cast<const RobustMutex*>(bytes);
    SharedLock& lock = segment.locks.emplace_back();
    lock.offset = at.offset;
    lock.state = StateOf(mutex);
    lock.owner = lock.state == SharedLockState::kHeld
                     ? static_cast<pid_t>(mutex.OwnerTid())
                     : 0;
    char name[64];
    if (at.name_offset != 0 && ReadAt(fd, at.name_offset, name, sizeof(name))) {
      lock.name = TextIn(name, sizeof(name));
    }
  }
}

void ReadSegment(const NamedFile& file, Segment& segment) {
  alignas(SegmentHeader) char bytes[sizeof(SegmentHeader)] = {};
  if (segment.file_bytes != 0 && !ReadAt(file.fd(), 0, bytes, sizeof(bytes))) {
    return;
  }
  const auto& header = *reinterpret_cast<const SegmentHeader*>(bytes);
  const bool is_begun = header.magic == SegmentHeader::kMagic &&
                        header.version == SegmentHeader::kVersion;
  // Its maker died before it had written what it is.
  const bool is_blank = header.magic == 0 && header.version == 0;
  if (!is_begun && !is_blank) return;
  const bool is_complete = header.state == SegmentHeader::kComplete;
  segment.state = is_begun && is_complete ? SegmentState::kComplete
                  : file.IsBegun()        ? SegmentState::kBeingMade
                                          : SegmentState::kUnfinished;
  segment.is_used = file.IsUsed() || file.IsBegun();
  if (!is_begun) return;
  segment.bytes = header.bytes;
  segment.type = Demangled(TextIn(header.type, SegmentHeader::kTypeBytes));
  segment.creator = static_cast<pid_t>(header.creator);
  segment.creator_lives = Lives(segment.creator);
  segment.until_last_user = header.until_last_user != 0;
  if (is_complete) ReadLocks(file.fd(), header, segment);
}

// ---- Who has it -------------------------------------------------------------
std::string ProgramOf(pid_t pid) {
  std::string name;
  std::getline(std::ifstream(fmt::format("/proc/{}/comm", pid)), name);
  return name;
}

struct Mapped {
  dev_t device;
  uint64_t inode;
};

// Every mapping in a folder /proc/PID/maps of a file.
std::vector<Mapped> MappingsOf(pid_t pid) {
  std::vector<Mapped> all;
  std::ifstream maps(fmt::format("/proc/{}/maps", pid));
  for (std::string line; std::getline(maps, line);) {
    unsigned major_number = 0, minor_number = 0;
    unsigned long long inode = 0;
    if (line.find(kSegmentPrefix) == line.npos ||
        std::sscanf(line.c_str(), "%*s %*s %*s %x:%x %llu", &major_number,
                    &minor_number, &inode) != 3) {
      continue;
    }
    all.push_back({makedev(major_number, minor_number), inode});
  }
  return all;
}

std::vector<pid_t> AllProcesses() {
  std::vector<pid_t> all;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc", error)) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &pid)) {
      all.push_back(pid);
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

// What file each segment is.
using Files = std::vector<Mapped>;

void FindUsers(const Files& files, std::vector<Segment>& segments) {
  for (const pid_t pid : AllProcesses()) {
    for (const Mapped& mapped : MappingsOf(pid)) {
      for (size_t i = 0; i < segments.size(); ++i) {
        auto& users = segments[i].users;
        const bool known = !users.empty() && users.back().pid == pid;
        if (files[i].inode == mapped.inode &&
            files[i].device == mapped.device && !known) {
          users.push_back({pid, ProgramOf(pid)});
        }
      }
    }
  }
}

Mapped Look(Segment& segment) {
  struct stat info;
  // Whoever waits to write into a pipe of that name is not waited for.
  const NamedFile file(open(segment.path.c_str(),
                            O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.fd() < 0) {
    segment.state = SegmentState::kUnreadable;
    if (lstat(segment.path.c_str(), &info) != 0) return {};
    segment.file_bytes = static_cast<uint64_t>(info.st_size);
    return {info.st_dev, info.st_ino};
  }
  if (fstat(file.fd(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  segment.file_bytes = static_cast<uint64_t>(info.st_size);
  ReadSegment(file, segment);
  return {info.st_dev, info.st_ino};
}

}  // namespace

std::string_view NameOf(SegmentState state) {
  switch (state) {
    case SegmentState::kComplete:
      return "complete";
    case SegmentState::kBeingMade:
      return "being-made";
    case SegmentState::kUnfinished:
      return "unfinished";
    case SegmentState::kForeign:
      return "foreign";
    case SegmentState::kUnreadable:
      break;
  }
  return "unreadable";
}

std::string_view NameOf(SharedLockState state) {
  switch (state) {
    case SharedLockState::kFree:
      return "free";
    case SharedLockState::kHeld:
      return "held";
    case SharedLockState::kOwnerDied:
      return "owner-died";
    case SharedLockState::kNotRecoverable:
      break;
  }
  return "not-recoverable";
}

absl::StatusOr<std::vector<Segment>> FindSegments(const std::string& folder) {
  std::vector<Segment> segments;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kSegmentPrefix)) continue;
    Segment& segment = segments.emplace_back();
    segment.name = name.substr(strlen(kSegmentPrefix));
    segment.path = entry.path().string();
  }
  if (error) {
    return absl::UnavailableError(
        fmt::format("{}: cannot be read: {}", folder, error.message()));
  }
  std::sort(segments.begin(), segments.end(),
            [](const Segment& a, const Segment& b) { return a.name < b.name; });
  Files files;
  for (Segment& segment : segments) files.push_back(Look(segment));
  FindUsers(files, segments);
  return segments;
}

absl::StatusOr<Removal> RemoveSegment(const Segment& segment, bool force) {
  const bool is_ours = segment.state != SegmentState::kForeign &&
                       segment.state != SegmentState::kUnreadable;
  if (!is_ours && !force) return Removal::kNotOurs;
  const NamedFile file(
      open(segment.path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  const auto failed = [&] {
    return absl::UnavailableError(fmt::format(
        "{}: cannot be removed: {}", segment.path, std::strerror(errno)));
  };
  if (file.fd() < 0) {
    if (errno == ENOENT) return Removal::kGone;
    return failed();
  }
  if (!force && (file.TryBegin() != 0 || !file.NobodyElseUsesIt() ||
                 !segment.users.empty())) {
    return Removal::kInUse;
  }
  if (file.HasNoName()) return Removal::kGone;
  if (unlink(segment.path.c_str()) != 0) return failed();
  return Removal::kRemoved;
}

}  // namespace lockcheck::tools
