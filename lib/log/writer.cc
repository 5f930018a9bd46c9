#include "lib/log/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <cstdio>
#include <cstring>

#include "lib/log/claim_path.h"

namespace lockcheck::log {
namespace {

// Writing past RLIMIT_FSIZE raises SIGXFSZ, which would kill the program. While
// one of these lives the signal is held back, and if a write raised it, it is
// taken away again: the write's EFBIG says the same.
class NoFileSizeSignal {
 public:
  NoFileSizeSignal() {
    sigemptyset(&only_);
    sigaddset(&only_, SIGXFSZ);
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGXFSZ) == 1;
    pthread_sigmask(SIG_BLOCK, &only_, &saved_);
  }
  ~NoFileSizeSignal() {
    const int error = errno;
    if (!was_pending_) {
      const timespec at_once = {0, 0};
      while (sigtimedwait(&only_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &saved_, nullptr);
    errno = error;
  }
  NoFileSizeSignal(const NoFileSizeSignal&) = delete;
  NoFileSizeSignal& operator=(const NoFileSizeSignal&) = delete;

 private:
  sigset_t only_;
  sigset_t saved_;
  bool was_pending_;
};

}  // namespace

// fallocate promises space before the mapping is touched. Where the file system
// has no fallocate, writing zeros promises the same on all that do not
// compress or copy on write; for those there is volatile_hot.
int PromiseSpace(int fd, uint64_t offset, size_t length) {
  const NoFileSizeSignal no_signal;
  int result;
  do {
    result = fallocate(fd, 0, static_cast<off_t>(offset),
                       static_cast<off_t>(length));
  } while (result != 0 && errno == EINTR);
  if (result == 0) return 0;
  if (errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  static constexpr char kZeros[4096] = {};
  for (size_t done = 0; done < length;) {
    const ssize_t n =
        pwrite(fd, kZeros, sizeof(kZeros), static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : ENOSPC;
    done += static_cast<size_t>(n);
  }
  return 0;
}

namespace {

uint64_t NowNs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<uint64_t>(now.tv_nsec);
}

// Programs that close all descriptors begin at 3, and often end early; and
// low numbers are wanted by select(). Not too high either: the kernel's table
// grows to the highest number and is copied by fork. Returns `fd` itself if
// there is no better one.
int MoveUp(int fd) {
  constexpr rlim_t kHighEnough = 4096;
  constexpr rlim_t kChoice = 32;
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return fd;
  const rlim_t end =
      limit.rlim_cur < kHighEnough ? limit.rlim_cur : kHighEnough;
  if (end < 2 * kChoice) return fd;
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, static_cast<int>(end - kChoice));
  if (moved < 0) return fd;
  close(fd);
  return moved;
}

// The records of a block that its thread may be writing to: a record's first
// word is stored last, and what follows the last record is zero, so those found
// whole stay so. Returns how many words they are. What is read while it is
// overwritten (mode=live) its caller throws away.
[[gnu::no_sanitize_thread]] size_t CopyRecords(const BlockHeader* from,
                                               BlockHeader* to) {
  const auto* const words_of = reinterpret_cast<const uint32_t*>(from);
  auto* const copy = reinterpret_cast<uint32_t*>(to);
  size_t i = kHeaderWords;
  while (i < kBlockWords) {
    const uint32_t first = __atomic_load_n(words_of + i, __ATOMIC_ACQUIRE);
    if (first == 0) break;
    const uint32_t second = i + 1 < kBlockWords ? words_of[i + 1] : 0;
    const size_t words = RecordWords(first, second);
    if (words == 0 || words > kBlockWords - i) break;
    copy[i] = first;
    for (size_t k = 1; k < words; ++k) copy[i + k] = words_of[i + k];
    i += words;
  }
  return i - kHeaderWords;
}

void FillHeader(FileHeader* h, const WriterOptions& options) {
  h->major_version = kMajorVersion;
  h->minor_version = kMinorVersion;
  h->block_size = kBlockSize;
  if (getrandom(h->recording_id, sizeof(h->recording_id), GRND_NONBLOCK) !=
      static_cast<ssize_t>(sizeof(h->recording_id))) {
    const uint64_t fallback[2] = {NowNs(CLOCK_REALTIME),
                                  __rdtsc() ^ static_cast<uint64_t>(getpid())};
    memcpy(h->recording_id, fallback, sizeof(fallback));
  }
  h->start_unix_ns = NowNs(CLOCK_REALTIME);
  h->start_monotonic_ns = NowNs(CLOCK_MONOTONIC);
  h->start_ticks = __rdtsc();
  // Bounds below a handful of blocks would record nothing at all.
  const auto blocks = [](uint64_t bytes) {
    return bytes == 0 ? 0 : bytes / kBlockSize < 4 ? 4 : bytes / kBlockSize;
  };
  h->max_blocks = blocks(options.max_bytes);
  h->ring_blocks = blocks(options.ring_bytes);
  h->next_block.store(1);
  h->next_hot.store(h->ring_blocks + 1);
  h->next_object.store(1);
  h->next_site.store(kFirstSite);
  h->next_stack.store(1);
  h->next_actor.store(1);
  h->next_process.store(1);
  h->next_module.store(1);
  h->next_place.store(1);
  h->volatile_hot.store(options.volatile_hot ? 1 : 0);
  // Last, so that a file with the magic has a whole header.
  uint64_t magic;
  static_assert(sizeof(kMagic) == sizeof(magic));
  memcpy(&magic, kMagic, sizeof(magic));
  __atomic_store_n(reinterpret_cast<uint64_t*>(h->magic), magic,
                   __ATOMIC_RELEASE);
}

}  // namespace

int Writer::Map(int fd, const char* path) {
  struct stat info;
  if (strlen(path) >= kMaxPath) return ENAMETOOLONG;
  if (fstat(fd, &info) != 0) return errno;
  void* const mapped = mmap(nullptr, sizeof(FileHeader), PROT_READ | PROT_WRITE,
                            MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return errno;
  strcpy(path_, path);
  device_ = info.st_dev;
  inode_ = info.st_ino;
  descriptor_.store(static_cast<uint32_t>(MoveUp(fd)));
  header_ = static_cast<FileHeader*>(mapped);
  return 0;
}

bool Writer::IsLog(int fd) const {
  struct stat info;
  return fstat(fd, &info) == 0 && info.st_dev == device_ &&
         info.st_ino == inode_;
}

// A new descriptor, or -errno. No device and no pipe is opened for longer than
// it takes to see that it is one.
int Writer::Reopen() const {
  const int fd = open(path_, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return -errno;
  uint8_t id[sizeof(header_->recording_id)];
  if (!IsLog(fd) ||
      pread(fd, id, sizeof(id), offsetof(FileHeader, recording_id)) !=
          static_cast<ssize_t>(sizeof(id)) ||
      memcmp(id, header_->recording_id, sizeof(id)) != 0) {
    close(fd);
    return -ESTALE;
  }
  flock(fd, LOCK_SH | LOCK_NB);
  return MoveUp(fd);
}

// The log's descriptor, just seen to be the log's; -1: there is none any more.
// Whoever closes descriptors in one thread while others use theirs could still
// come between this and its use; nothing can be done about that, by anybody.
int Writer::Descriptor() {
  while (lost() == 0) {
    uint64_t seen = descriptor_.load(std::memory_order_acquire);
    const int fd = static_cast<int>(static_cast<uint32_t>(seen));
    if (IsLog(fd)) return fd;
    const int fresh = Reopen();
    if (fresh < 0) {
      int none = 0;
      lost_.compare_exchange_strong(none, -fresh);
    } else if (descriptor_.compare_exchange_strong(
                   seen,
                   ((seen >> 32) + 1) << 32 | static_cast<uint32_t>(fresh))) {
      return fresh;
    } else {
      close(fresh);  // another thread was first
    }
  }
  return -1;
}

int Writer::Create(const char* path, const WriterOptions& options) {
  // Each one that comes between goes on to record, so few can in a row.
  constexpr int kMostTries = 100;
  int fd = -1, error = EAGAIN;
  for (int i = 0; error == EAGAIN && i < kMostTries; ++i) {
    error = OpenNew(path, &fd);
  }
  if (error != 0) return error == EAGAIN ? EBUSY : error;
  error = PromiseSpace(fd, 0, kBlockSize);
  if (error == 0) error = Map(fd, path);
  if (error != 0) {
    // An empty file says that a log is missing; it needs no space.
    if ((error != ENOSPC && error != EDQUOT) || ftruncate(fd, 0) != 0) {
      unlink(path);
    }
    close(fd);
    return error;
  }
  volatile_hot_ = options.volatile_hot;
  FillHeader(header_, options);
  return 0;
}

int Writer::CreateInMemory(const WriterOptions& options) {
  const int fd = memfd_create("lockcheck-live", MFD_CLOEXEC);
  if (fd < 0) return errno;
  int error = PromiseSpace(fd, 0, kBlockSize);
  // No file has this name: a closed descriptor is not found again.
  if (error == 0) error = Map(fd, "");
  if (error != 0) {
    close(fd);
    return error;
  }
  FillHeader(header_, options);
  return 0;
}

bool Writer::ReadBlock(uint64_t number, BlockHeader* to) {
  const int fd = Descriptor();
  if (fd < 0) return false;
  ssize_t n;
  do {
    n = pread(fd, to, kBlockSize, static_cast<off_t>(number * kBlockSize));
  } while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(kBlockSize);
}

size_t Writer::CopyHot(const BlockHeader* block, BlockHeader* to) {
  return CopyRecords(block, to);
}

int Writer::Join(const char* path, const uint8_t id[16]) {
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return errno;
  flock(fd, LOCK_SH | LOCK_NB);
  struct stat info;
  int error = fstat(fd, &info) != 0 ? errno : 0;
  if (error == 0 && (!S_ISREG(info.st_mode) ||
                     static_cast<uint64_t>(info.st_size) < kBlockSize)) {
    error = ESRCH;
  }
  // Whoever found it without a process took it away.
  if (error == 0 && !IsAt(fd, path)) error = ESRCH;
  if (error == 0) error = Map(fd, path);
  if (error != 0) {
    close(fd);
    return error;
  }
  if (memcmp(header_->magic, kMagic, sizeof(kMagic)) != 0 ||
      header_->major_version != kMajorVersion ||
      header_->block_size != kBlockSize ||
      memcmp(header_->recording_id, id, 16) != 0) {
    munmap(header_, sizeof(FileHeader));
    header_ = nullptr;
    close(static_cast<int>(descriptor_.load()));
    return ESRCH;
  }
  volatile_hot_ = header_->volatile_hot.load(std::memory_order_relaxed) != 0;
  return 0;
}

void Writer::Stop(StopReason reason) {
  uint32_t none = 0;
  if (header_->stop_reason.compare_exchange_strong(
          none, static_cast<uint32_t>(reason))) {
    header_->stop_ticks.store(__rdtsc());
  }
}

void Writer::StopFor(int error) {
  Stop(error == ENOSPC || error == EDQUOT || error == EFBIG
           ? StopReason::kNoSpace
           : StopReason::kWriteError);
}

BlockHeader* Writer::NewHotBlock() {
  if (stopped()) return nullptr;
  void* mapped;
  uint64_t number = 0;
  if (volatile_hot_) {
    mapped = mmap(nullptr, kBlockSize, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  } else {
    const int fd = Descriptor();
    if (fd < 0) return nullptr;
    const bool ring = header_->ring_blocks != 0;
    number = (ring ? header_->next_hot : header_->next_block).fetch_add(1);
    if (header_->max_blocks != 0 && number >= header_->max_blocks) {
      Stop(StopReason::kMaxLog);
      return nullptr;
    }
    const uint64_t offset = number * kBlockSize;
    if (const int error = PromiseSpace(fd, offset, kBlockSize); error != 0) {
      StopFor(error);
      return nullptr;
    }
    mapped = mmap(nullptr, kBlockSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                  static_cast<off_t>(offset));
  }
  if (mapped == MAP_FAILED) {
    Stop(StopReason::kWriteError);
    return nullptr;
  }
  auto* const block = static_cast<BlockHeader*>(mapped);
  block->kind = BlockKind::kHot;
  block->number = number;
  block->magic = kBlockMagic;
  return block;
}

bool Writer::WriteBlock(const BlockHeader* block, uint64_t number,
                        uint64_t claim) {
  const int fd = Descriptor();
  if (fd < 0) return false;
  BlockHeader sealed = {};
  sealed.magic = kBlockMagic;
  sealed.kind = BlockKind::kSealed;
  sealed.claim = claim;
  const auto* words = reinterpret_cast<const uint32_t*>(block);
  sealed.checksum = Checksum(words + kHeaderWords, kBlockWords - kHeaderWords);
  const NoFileSizeSignal no_signal;
  size_t done = 0;
  while (done < kBlockSize) {
    iovec parts[2];
    int count = 0;
    if (done < sizeof(sealed)) {
      parts[count++] = {reinterpret_cast<char*>(&sealed) + done,
                        sizeof(sealed) - done};
    }
    const size_t from = done < sizeof(sealed) ? sizeof(sealed) : done;
    // What is written is only read.
    parts[count++] = {
        reinterpret_cast<char*>(const_cast<BlockHeader*>(block)) + from,
        kBlockSize - from};
    const ssize_t n = pwritev(fd, parts, count,
                              static_cast<off_t>(number * kBlockSize + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      StopFor(n < 0 ? errno : ENOSPC);
      return false;
    }
    done += static_cast<size_t>(n);
  }
  return true;
}

// What claim `claim` of a ring will overwrite: the block of the claim one round
// before, which its writer may not have finished, or not even begun. Who goes
// ahead all the same loses the names in it, and has his own block overwritten
// by the late one. kNewer: this writer itself is the late one.
Writer::Before Writer::AwaitBefore(int fd, uint64_t claim, BlockHeader* old) {
  const uint64_t ring = header_->ring_blocks;
  const uint64_t before = claim - ring;
  const auto offset = static_cast<off_t>((1 + (claim - 1) % ring) * kBlockSize);
  const uint64_t deadline = NowNs(CLOCK_MONOTONIC) + ring_patience_ns_;
  while (true) {
    const auto* const words = reinterpret_cast<const uint32_t*>(old);
    const bool whole = pread(fd, old, kBlockSize, offset) ==
                           static_cast<ssize_t>(kBlockSize) &&
                       old->magic == kBlockMagic &&
                       old->kind == BlockKind::kSealed &&
                       old->checksum == Checksum(words + kHeaderWords,
                                                 kBlockWords - kHeaderWords);
    if (whole && old->claim > before) return Before::kNewer;
    if (whole && old->claim == before) return Before::kWhole;
    if (NowNs(CLOCK_MONOTONIC) >= deadline) {
      // The writer is gone. A whole block is the one of a round earlier still,
      // which it was to rescue; of a torn one nothing can be trusted.
      if (!whole) header_->dropped.fetch_add(1, std::memory_order_relaxed);
      return whole ? Before::kWhole : Before::kNone;
    }
    const timespec moment = {0, 50'000};
    nanosleep(&moment, nullptr);
  }
}

Writer::Sealed Writer::Seal(BlockHeader* block, size_t used, Rescue rescue,
                            void* context) {
  if (stopped()) return Sealed::kFailed;
  // Before the claim: a block that is claimed and not written looks lost.
  const int fd = Descriptor();
  if (fd < 0) return Sealed::kFailed;
  const uint64_t ring = header_->ring_blocks;
  uint64_t claim = header_->next_block.fetch_add(1);
  if (ring == 0 && header_->max_blocks != 0 && claim >= header_->max_blocks) {
    Stop(StopReason::kMaxLog);
    return Sealed::kFailed;
  }
  void* old = MAP_FAILED;
  Before before = Before::kNone;
  if (ring != 0 && claim > ring) {
    old = mmap(nullptr, kBlockSize, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    while (old != MAP_FAILED &&
           (before = AwaitBefore(fd, claim, static_cast<BlockHeader*>(old))) ==
               Before::kNewer) {
      claim = header_->next_block.fetch_add(1);
    }
  }
  Sealed result = Sealed::kFailed;
  if (WriteBlock(block, ring == 0 ? claim : 1 + (claim - 1) % ring, claim)) {
    result = Sealed::kSealed;
    // Forward: the first word goes first, so the block reads as empty from then
    // on, and the sealed copy stands for it.
    auto* const words = reinterpret_cast<volatile uint32_t*>(block);
    words[kHeaderWords] = 0;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    memset(reinterpret_cast<uint32_t*>(block) + kHeaderWords, 0,
           (used - kHeaderWords) * sizeof(uint32_t));
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (before == Before::kWhole && rescue != nullptr) {
      rescue(context, static_cast<const uint32_t*>(old) + kHeaderWords,
             kBlockWords - kHeaderWords);
      result = Sealed::kRescued;
    }
  }
  if (old != MAP_FAILED) munmap(old, kBlockSize);
  return result;
}

bool Writer::WriteVolatile(const BlockHeader* block) {
  if (Descriptor() < 0) return false;
  void* const page = mmap(nullptr, kBlockSize, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    Stop(StopReason::kWriteError);
    return false;
  }
  auto* const copy = static_cast<BlockHeader*>(page);
  const bool written = CopyRecords(block, copy) == 0 || WriteCopy(copy);
  munmap(page, kBlockSize);
  return written;
}

bool Writer::WriteCopy(const BlockHeader* copy) {
  // Behind a ring, as other hot blocks: inside it nobody would rescue what is
  // overwritten.
  const uint64_t number =
      (header_->ring_blocks != 0 ? header_->next_hot : header_->next_block)
          .fetch_add(1);
  return WriteBlock(copy, number, number);
}

}  // namespace lockcheck::log
