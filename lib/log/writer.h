// The writing side of the log file: creates or joins it, hands out hot blocks,
// seals full ones.
//
// Problem: this runs inside the program under test, in any thread, in signal
// handlers, after fork. So: no allocation, no lock, no exception, no libc
// stream; system calls only, and every failure is a return value. The program
// is never killed by the log: space is promised by the file system (fallocate)
// before a mapped byte is touched.
//
// Guarantees: what was stored into a hot block is in the file even after
// kill -9; Seal() keeps the records readable at every instant (first the sealed
// copy is complete, then the hot one is cleared). Nothing is ever written into
// a file that is not the log: programs close descriptors that they did not
// open, and the number then belongs to the next file they open, so each use of
// the descriptor makes sure first, and opens the log again by its name.
// Thread safety: any threads and processes may call concurrently, each on its
// own hot block. Cost: NewHotBlock tens of microseconds, Seal about 30 us per
// 64 KiB.
#ifndef LOCKCHECK_LIB_LOG_WRITER_H_
#define LOCKCHECK_LIB_LOG_WRITER_H_

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lib/log/format.h"

namespace lockcheck::log {

struct WriterOptions {
  uint64_t max_bytes = 0;     // 0: no bound; else recording stops there
  uint64_t ring_bytes = 0;    // 0: keep everything; else only the last so many
  bool volatile_hot = false;  // keep hot blocks in memory, not in the file
};

// How long a ring's writer waits for the one before it in the same place.
inline constexpr uint64_t kRingPatienceNs = 250'000'000;

// Has the file system promise that so many bytes can be written. Returns 0 or
// errno.
int PromiseSpace(int fd, uint64_t offset, size_t length);

class Writer {
 public:
  constexpr Writer() = default;

  // Creates the file and its header. An existing file that no live process
  // records into is replaced (unlinked first, so that who reads the old one
  // goes on reading it). Of those that create one path at a time one gets it.
  // Returns 0, EBUSY if a live recording owns the path, or errno.
  int Create(const char* path, const WriterOptions& options);

  // The same in memory that has no name: gone with the last process that has
  // it. ReadBlock() gives what others may read.
  int CreateInMemory(const WriterOptions& options);
  // False: there is no such block, or no way to it.
  bool ReadBlock(uint64_t number, BlockHeader* to);
  // Copies the whole records of a hot block that its thread may be writing to;
  // returns how many words they are.
  static size_t CopyHot(const BlockHeader* block, BlockHeader* to);

  // Joins the recording `id` that an ancestor created at `path`. Returns 0,
  // ESRCH if the file holds another recording, or errno.
  int Join(const char* path, const uint8_t id[16]);

  FileHeader* header() const { return header_; }
  bool volatile_hot() const { return volatile_hot_; }

  // Maps a fresh hot block, zeroed, its header written. Null if there is no
  // space (the reason is in header()->stop_reason) or recording has stopped.
  BlockHeader* NewHotBlock();

  // Copies a full hot block to a claimed place in the file and clears it, so
  // that it can be written again from its first word. `used` counts words, the
  // header included. In a ring, what was overwritten is then shown to `rescue`;
  // if its writer is not done yet it is waited for, and if that takes longer
  // than the patience (it may have been killed) it is given up.
  using Rescue = void (*)(void* context, const uint32_t* words, size_t count);
  enum class Sealed : uint8_t {
    kFailed,   // not written: the hot block is as before, recording stops
    kSealed,   // and `rescue` was not called
    kRescued,  // and `rescue` was called, last of all
  };
  Sealed Seal(BlockHeader* block, size_t used, Rescue rescue, void* context);

  // A memory-backed hot block's present records, copied into the file. Its
  // thread may go on writing them.
  bool WriteVolatile(const BlockHeader* block);

  void set_ring_patience(uint64_t ns) { ring_patience_ns_ = ns; }

  void Stop(StopReason reason);
  bool stopped() const {
    return header_ == nullptr ||
           header_->stop_reason.load(std::memory_order_relaxed) != 0 ||
           lost() != 0;
  }
  // Why this process has no way to the log any more, though others may: errno,
  // ESTALE if another file has the log's name; 0: it has.
  int lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kMaxPath = 4096;

  int Map(int fd, const char* path);
  bool IsLog(int fd) const;
  int Reopen() const;
  int Descriptor();
  enum class Before : uint8_t { kWhole, kNone, kNewer };
  Before AwaitBefore(int fd, uint64_t claim, BlockHeader* old);
  bool WriteCopy(const BlockHeader* copy);
  bool WriteBlock(const BlockHeader* block, uint64_t number, uint64_t claim);
  void StopFor(int error);

  FileHeader* header_ = nullptr;
  // The descriptor in the low half; the high half counts how often the log was
  // opened again, so that of two threads that do so one number is kept.
  std::atomic<uint64_t> descriptor_{0};
  std::atomic<int> lost_{0};
  // Which file is the log: while it is mapped nobody else gets its number.
  dev_t device_ = 0;
  ino_t inode_ = 0;
  char path_[kMaxPath] = "";
  uint64_t ring_patience_ns_ = kRingPatienceNs;
  bool volatile_hot_ = false;
};

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_WRITER_H_
