// One pass over blocks: where each actor's segments are, what is defined, which
// ids are used.
//
// Problem: a log is mostly plain sections, one word each, and everything but
// them is rare; so the pass must cost no more than touching each word. Ids used
// go into bit sets (a load and a predicted branch per record), definitions are
// remembered as views into the block and resolved later.
//
// Any bytes may stand in a block: a record that contradicts itself ends the
// block's scan with a line in `damages`.
// Thread safety: a scan is one thread's; several scans may share a LogFile.
#ifndef LOCKCHECK_LIB_LOG_BLOCK_SCAN_H_
#define LOCKCHECK_LIB_LOG_BLOCK_SCAN_H_

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/log/decode.h"
#include "lib/log/log_file.h"

namespace lockcheck::log {

// Ids that records use. 0 means none and is never a member.
class IdSet {
 public:
  void Add(uint32_t id) {
    const size_t word = id >> 6;
    if (word >= bits_.size()) [[unlikely]] {
      AddSlow(id);
      return;
    }
    const uint64_t bit = uint64_t{1} << (id & 63);
    // Mostly set already: a load that does not wait for the last store.
    if ((bits_[word] & bit) == 0) bits_[word] |= bit;
  }
  void Merge(const IdSet& other);
  template <typename Function>
  void ForEach(Function f) const {
    for (size_t word = 0; word < bits_.size(); ++word) {
      for (uint64_t rest = bits_[word]; rest != 0; rest &= rest - 1) {
        const auto id = static_cast<uint32_t>(
            word * 64 + static_cast<size_t>(std::countr_zero(rest)));
        if (id != 0) f(id);
      }
    }
    for (const auto& [page, bits] : pages_) {
      for (uint32_t i = 0; i < kPageIds; ++i) {
        if (bits[i >> 6] >> (i & 63) & 1) f(page * kPageIds + i);
      }
    }
  }

 private:
  // Ids that fit into short records have a flat array. Others have pages, since
  // one damaged record may name any id at all.
  static constexpr uint32_t kPageIds = 4096;
  void AddSlow(uint32_t id);
  std::vector<uint64_t> bits_;
  absl::flat_hash_map<uint32_t, std::array<uint64_t, kPageIds / 64>> pages_;
};

struct Usage {
  absl::flat_hash_map<uint32_t, IdSet> objects;  // by process id
  IdSet sites;
  void Merge(const Usage& other);
};

// What was defined, in the order of the file. Texts and frames are views.
struct ProcessRow {
  uint32_t id, pid, parent;
  uint64_t start_time;
  std::string_view options, program, arguments, host;
};
struct ModuleRow {
  uint32_t id;
  uint64_t base, size;
  std::string_view build_id, path;
};
struct PlaceRow {
  uint32_t id, line, column;
  std::string_view file, function;
};
struct ObjectRow {
  uint32_t process, id, place, site;
  model::ObjectKind kind;
  uint64_t address;
  std::string_view name;
  uint32_t value;
};
struct SiteRow {
  uint32_t id, actor;
  std::span<const uint32_t> frames;
};
struct StackRow {
  uint32_t id, actor;
  StackOf of;
  std::span<const uint32_t> frames;
};
struct NameRow {
  uint32_t process, id;
  NameTarget target;
  std::string_view name;
};
struct BeginRow {
  uint32_t actor, parent, tid;
  BeginHow how;
  uint64_t ticks;
};
struct EndRow {
  uint32_t actor;
  uint64_t ticks, cpu_ns;
  uint32_t voluntary, involuntary;
};
struct ExitRow {
  uint32_t process;
  uint64_t cpu_ns;
};
struct ClockPair {
  uint64_t ticks = 0, ns = 0;
};

struct FoundSegment {
  uint32_t actor = 0, process = 0, number = 0;
  uint64_t block = 0;
  uint32_t end = 0;  // word index within the block, header included
  bool hot = false;
  std::span<const uint32_t> words;
};

// A sealed block whose checksum does not match, and whose it says it is.
struct DamagedBlock {
  uint64_t number;
  uint32_t actor, segment;  // actor 0: it does not say
};

struct Findings {
  std::vector<FoundSegment> segments;
  std::vector<ProcessRow> processes;
  std::vector<ModuleRow> modules;
  std::vector<PlaceRow> places;
  std::vector<ObjectRow> objects;
  std::vector<SiteRow> sites;
  std::vector<StackRow> stacks;
  std::vector<NameRow> names;
  std::vector<BeginRow> begins;
  std::vector<EndRow> ends;
  std::vector<ExitRow> exits;
  ClockPair earliest, latest;  // ticks 0: none seen
  uint64_t last_ticks = 0;
  uint64_t unknown_records = 0;
  std::vector<DamagedBlock> damaged_blocks;
  std::vector<uint64_t> free_blocks;  // whole ones, nothing but zeros
  std::vector<std::string>
      damages;  // others, one line each, without the file's name
};

// Scans block `number` of the mapped file, if it is a sealed one.
void ScanSealedBlock(const LogFile& file, uint64_t number, Usage& usage,
                     Findings& found);
void ScanHotBlock(const HotBlock& block, Usage& usage, Findings& found);

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_BLOCK_SCAN_H_
