// The bytes of a log, made safe to read: mapped, its header checked, the blocks
// that may still be written copied once.
//
// Problem: the file may be growing while it is read, and a block in it may be
// recycled. Sealed blocks are never written again (but in a ring), so they are
// used where they are mapped. Hot blocks, and a whole ring, are copied first,
// each copy checked to be of one state, and only then are sealed blocks looked
// at: whatever a hot block lost before its copy was taken is in a sealed one.
//
// Thread safety: const after Open(). Cost: 64 KiB of memory at most per hot
// block, the file's size for a ring.
#ifndef LOCKCHECK_LIB_LOG_LOG_FILE_H_
#define LOCKCHECK_LIB_LOG_LOG_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/log/format.h"

namespace lockcheck::log {

// The block header's words as they were read.
struct BlockFacts {
  uint32_t magic = 0;
  BlockKind kind = BlockKind::kFree;
  uint64_t checksum = 0;
};

struct HotBlock {
  uint64_t number = 0;
  // Word index within the block at which the file ends.
  uint32_t file_end = kBlockWords;
  std::vector<uint32_t> words;  // the records, and what of a torn one there is
};

class LogFile {
 public:
  static absl::StatusOr<std::unique_ptr<LogFile>> Open(const std::string& path);
  static absl::StatusOr<std::unique_ptr<LogFile>> FromBytes(
      const std::string& name, std::string bytes);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  const std::string& name() const { return name_; }
  size_t size() const { return size_; }
  const FileHeader& header() const { return header_; }
  // Blocks after the header, the last one perhaps cut: numbers 1 .. count.
  uint64_t block_count() const;
  // False if the file ends within the block's header.
  bool ReadBlock(uint64_t number, BlockFacts* facts) const;
  // The words after the block's header, as many as the file has.
  std::span<const uint32_t> BlockWords(uint64_t number) const;
  // In the order of their numbers, which is that in which they were copied.
  const std::vector<HotBlock>& hot_blocks() const { return hot_blocks_; }
  // Copies a hot block once more: what it holds by now, or nothing if it is no
  // hot block any more. What came from bytes does not change.
  HotBlock LookAgain(const HotBlock& block) const;
  // Whether what is written meanwhile can be seen: not in what came from bytes.
  bool sees_changes() const { return mapping_ != nullptr; }
  // Whether a block that had no header has none by now, either.
  bool IsStillFree(uint64_t number) const;

  // Tells the system that the pages of these blocks are not needed soon, so
  // that memory does not grow with the file. They stay readable.
  void Release(uint64_t first_block, uint64_t count) const;

 private:
  explicit LogFile(std::string name) : name_(std::move(name)) {}
  absl::Status Map(int fd);
  absl::Status CheckHeader();
  void CopyHotBlocks();
  static HotBlock CopyHotBlock(uint64_t number,
                               std::span<const uint32_t> words);
  void CopyAll();
  void Unmap();
  bool is_mapped() const { return data_ != nullptr && data_ == mapping_; }

  std::string name_;
  FileHeader header_ = {};
  const char* data_ = nullptr;  // the mapping or, of a ring or bytes, owned_
  size_t size_ = 0;
  const char* mapping_ = nullptr;
  size_t mapping_size_ = 0;
  std::string owned_;
  std::vector<HotBlock> hot_blocks_;
};

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_LOG_FILE_H_
