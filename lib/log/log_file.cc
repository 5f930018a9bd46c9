#include "lib/log/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace lockcheck::log {
namespace {

constexpr const char* kMend =
    "; give a file that a program built with lockcheck has written";

absl::Status ErrnoStatus(const std::string& name, int error) {
  const std::string message =
      absl::StrCat(name, ": cannot be opened: ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(
          absl::StrCat(message,
                       "; check the path (log= in LOCKCHECK_OPTIONS "
                       "says where a program writes its log)"));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(
          absl::StrCat(message, "; run as the user who recorded it"));
    default:
      return absl::UnavailableError(message);
  }
}

absl::Status NotALog(const std::string& name, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": not a lockcheck log (",
                   absl::string_view(why.data(), why.size()), ")", kMend));
}

// Another process may store into the word meanwhile.
uint32_t LoadWord(const uint32_t* word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

// The words after a block's header, as many as there are.
std::span<const uint32_t> WordsOfBlock(const char* data, size_t size,
                                       uint64_t number) {
  const uint64_t offset = number * kBlockSize + sizeof(BlockHeader);
  if (offset >= size) return {};
  const size_t words = std::min<size_t>(kBlockWords - kHeaderWords,
                                        (size - offset) / sizeof(uint32_t));
  return {reinterpret_cast<const uint32_t*>(data + offset), words};
}

void LoadWords(const uint32_t* from, size_t count, uint32_t* to) {
  for (size_t i = 0; i < count; ++i) to[i] = LoadWord(from + i);
}

// Copies whole records up to the first zero word, then what there is of a
// record that does not fit.
void LoadRecords(std::span<const uint32_t> from, std::vector<uint32_t>& to) {
  to.clear();
  size_t at = 0;
  while (at < from.size()) {
    const uint32_t word = LoadWord(&from[at]);
    if (word == 0) break;
    const uint32_t second =
        NeedsSecond(word) && at + 1 < from.size() ? LoadWord(&from[at + 1]) : 0;
    const size_t count = std::min<size_t>(
        std::max<uint32_t>(RecordWords(word, second), 1), from.size() - at);
    to.push_back(word);
    for (size_t i = 1; i < count; ++i) to.push_back(LoadWord(&from[at + i]));
    at += count;
  }
  // The last record of a block is still changed when its hold ends. What was
  // changed before a later record was stored is seen by a second reading, so
  // that no hold seems to last into what came after it.
  for (size_t i = 0; i < to.size(); ++i) to[i] = LoadWord(&from[i]);
}

}  // namespace

LogFile::~LogFile() { Unmap(); }

void LogFile::Unmap() {
  if (mapping_ != nullptr) munmap(const_cast<char*>(mapping_), mapping_size_);
  mapping_ = nullptr;
}

absl::Status LogFile::Map(int fd) {
  struct stat info;
  if (fstat(fd, &info) != 0) return ErrnoStatus(name_, errno);
  if (S_ISDIR(info.st_mode)) return NotALog(name_, "it is a directory");
  if (!S_ISREG(info.st_mode)) return NotALog(name_, "it is no regular file");
  const auto size = static_cast<size_t>(info.st_size);
  if (size == size_ && is_mapped()) return absl::OkStatus();
  Unmap();
  size_ = size;
  if (size == 0) return absl::OkStatus();
  void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return ErrnoStatus(name_, errno);
  data_ = mapping_ = static_cast<const char*>(mapped);
  mapping_size_ = size;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<LogFile>> LogFile::Open(
    const std::string& path) {
  // O_NONBLOCK: a named pipe must not make the reader wait for a writer.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return ErrnoStatus(path, errno);
  const auto close_file = absl::MakeCleanup([fd] { close(fd); });
  std::unique_ptr<LogFile> file(new LogFile(path));
  if (absl::Status s = file->Map(fd); !s.ok()) return s;
  if (absl::Status s = file->CheckHeader(); !s.ok()) return s;
  file->CopyHotBlocks();
  if (file->header_.ring_blocks != 0) {
    file->CopyAll();
    return file;
  }
  // What grew meanwhile may hold what the hot blocks held before.
  if (absl::Status s = file->Map(fd); !s.ok()) return s;
  if (file->size_ < sizeof(FileHeader)) return NotALog(path, "it is being cut");
  return file;
}

absl::StatusOr<std::unique_ptr<LogFile>> LogFile::FromBytes(
    const std::string& name, std::string bytes) {
  std::unique_ptr<LogFile> file(new LogFile(name));
  file->owned_ = std::move(bytes);
  // Long enough to live on the heap, where it is aligned for words.
  file->owned_.reserve(sizeof(FileHeader));
  file->data_ = file->owned_.data();
  file->size_ = file->owned_.size();
  if (absl::Status s = file->CheckHeader(); !s.ok()) return s;
  file->CopyHotBlocks();
  return file;
}

absl::Status LogFile::CheckHeader() {
  if (size_ == 0)
    return NotALog(name_, "it is empty: there may have been no space for it");
  if (std::memcmp(data_, kMagic, std::min(size_, sizeof kMagic)) != 0)
    return NotALog(name_, "it begins with other bytes");
  const auto cut = [this] {
    return absl::InvalidArgumentError(
        absl::StrCat(name_, ": cut within its header, at byte ", size_,
                     "; nothing of the recording is left, record again"));
  };
  if (size_ < offsetof(FileHeader, block_size)) return cut();
  uint16_t major;
  std::memcpy(&major, data_ + offsetof(FileHeader, major_version),
              sizeof major);
  if (major > kMajorVersion) {
    return absl::UnimplementedError(
        absl::StrCat(name_, ": written in log format version ", major,
                     ", this lockcheck reads version ", kMajorVersion,
                     "; use a newer lockcheck"));
  }
  if (size_ < sizeof(FileHeader)) return cut();
  std::memcpy(static_cast<void*>(&header_), data_, sizeof header_);
  if (major == 0 || header_.block_size != kBlockSize) {
    return absl::InvalidArgumentError(
        absl::StrCat(name_, ": damaged header (format version ", major,
                     ", block size ", header_.block_size, " instead of ",
                     kBlockSize, "); record again, or take an undamaged copy"));
  }
  return absl::OkStatus();
}

uint64_t LogFile::block_count() const {
  return size_ <= kBlockSize ? 0 : (size_ - 1) / kBlockSize;
}

bool LogFile::ReadBlock(uint64_t number, BlockFacts* facts) const {
  const uint64_t offset = number * kBlockSize;
  if (offset + sizeof(BlockHeader) > size_) return false;
  const char* const block = data_ + offset;
  std::memcpy(&facts->magic, block + offsetof(BlockHeader, magic),
              sizeof facts->magic);
  std::memcpy(&facts->kind, block + offsetof(BlockHeader, kind),
              sizeof facts->kind);
  std::memcpy(&facts->checksum, block + offsetof(BlockHeader, checksum),
              sizeof facts->checksum);
  return true;
}

std::span<const uint32_t> LogFile::BlockWords(uint64_t number) const {
  return WordsOfBlock(data_, size_, number);
}

void LogFile::CopyHotBlocks() {
  for (uint64_t number = 1; number <= block_count(); ++number) {
    BlockFacts facts;
    if (ReadBlock(number, &facts) && facts.magic == kBlockMagic &&
        facts.kind == BlockKind::kHot) {
      hot_blocks_.push_back(CopyHotBlock(number, BlockWords(number)));
    }
    if (number % 64 == 0) Release(number - 63, 64);
  }
}

// A block that is sealed and restarted during the copy has another segment
// number in its first record afterwards, for numbers only grow.
HotBlock LogFile::CopyHotBlock(uint64_t number,
                               std::span<const uint32_t> words) {
  constexpr size_t kIdentity = 4;  // the segment's word, actor, process, number
  HotBlock block;
  block.number = number;
  block.file_end = static_cast<uint32_t>(kHeaderWords + words.size());
  const size_t identity = std::min(kIdentity, words.size());
  std::vector<uint32_t> records;
  for (int tries = 0; tries < 100; ++tries) {
    LoadRecords(words, records);
    uint32_t now[kIdentity] = {};
    LoadWords(words.data(), identity, now);
    if (records.empty() ? identity == 0 || now[0] == 0
                        : records.size() < identity ||
                              std::equal(now, now + identity, records.data())) {
      break;
    }
  }
  block.words.assign(records.begin(), records.end());
  return block;
}

HotBlock LogFile::LookAgain(const HotBlock& block) const {
  if (mapping_ == nullptr) return block;
  const std::span<const uint32_t> words =
      WordsOfBlock(mapping_, mapping_size_, block.number);
  if (words.empty()) return {.number = block.number};
  const auto* const kind = reinterpret_cast<const uint32_t*>(
      mapping_ + block.number * kBlockSize + offsetof(BlockHeader, kind));
  if (LoadWord(kind) != static_cast<uint32_t>(BlockKind::kHot)) {
    return {.number = block.number};
  }
  return CopyHotBlock(block.number, words);
}

bool LogFile::IsStillFree(uint64_t number) const {
  const uint64_t offset = number * kBlockSize;
  if (mapping_ == nullptr || offset + sizeof(BlockHeader) > mapping_size_) {
    return true;
  }
  const auto* const magic = reinterpret_cast<const uint32_t*>(
      mapping_ + offset + offsetof(BlockHeader, magic));
  return LoadWord(magic) == 0;
}

// The mapping stays, for a second look at the blocks.
void LogFile::CopyAll() {
  owned_.assign(data_, size_);
  data_ = owned_.data();
}

void LogFile::Release(uint64_t first_block, uint64_t count) const {
  if (!is_mapped()) return;
  const uint64_t from = first_block * kBlockSize;
  const uint64_t to = std::min<uint64_t>(from + count * kBlockSize, size_);
  if (from >= to) return;
  madvise(const_cast<char*>(data_) + from, to - from, MADV_DONTNEED);
}

}  // namespace lockcheck::log
