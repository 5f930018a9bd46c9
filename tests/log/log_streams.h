// What a LogBuilder keeps of a log until it is written: the blocks of each
// actor and what the records in them depend on.
#ifndef LOCKCHECK_TESTS_LOG_LOG_STREAMS_H_
#define LOCKCHECK_TESTS_LOG_LOG_STREAMS_H_

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/log/format.h"
#include "lib/model/primitives.h"
#include "tests/log/log_records.h"

namespace lockcheck::log::testing {

// The streams of a log's actors, cut into segments and blocks, and the file
// that is made of these. A LogBuilder is these and the verbs that fill them.
class LogStreams : protected RecordWords {
 protected:
  static constexpr uint64_t kStartTicks = 1'000'000;
  static constexpr uint64_t kStartMonotonicNs = 7'000'000;
  static constexpr uint64_t kStartUnixNs = 1'700'000'000'000'000'000;

  struct ActorState {
    uint32_t process = 0;
    size_t block = 0;  // index into open_
    uint32_t next_segment = 0;
    uint64_t stamp = 0;  // the segment's last stamp, in ticks of the counter
    uint32_t read_object = 0;  // of the segment's last short reading, which a
    uint32_t read_count = 0;   // plain record repeats
    std::vector<Held> held;
  };
  struct OpenBlock {
    bool hot = false;
    uint64_t number = 0;  // of the hot block; sealed ones get theirs late
    std::vector<uint32_t> words = {};
  };
  struct SealedBlock {
    uint64_t number;
    std::vector<uint32_t> words;
  };

  uint64_t Ticks(uint64_t since_start) const {
    return kStartTicks + since_start;
  }
  uint64_t MonotonicNs(uint64_t since_start) const {
    return kStartMonotonicNs +
           static_cast<uint64_t>(static_cast<double>(since_start) *
                                 ns_per_tick_);
  }
  uint64_t NewNumber() { return next_block_++; }
  uint64_t NewHotNumber() {
    return ring_ ? ring_ + ++hot_blocks_ : NewNumber();
  }
  OpenBlock& BlockOf(uint32_t actor) { return open_[actors_[actor].block]; }

  // ---- Segments and blocks ----
  void Reserve(uint32_t actor, size_t words) {
    const size_t limit = std::min(limit_, kBlockWords - kHeaderWords);
    const size_t used = BlockOf(actor).words.size();
    if (used > 0 && used + words > limit) StartBlock(actor);
  }
  void Put(uint32_t actor, const std::vector<uint32_t>& record) {
    Reserve(actor, record.size());
    auto& words = BlockOf(actor).words;
    if (words.size() + record.size() > kBlockWords - kHeaderWords) std::abort();
    words.insert(words.end(), record.begin(), record.end());
  }
  // Seals the actor's block and goes on in a new one, with a new segment.
  void StartBlock(uint32_t actor) {
    SealCopy(actor);
    BlockOf(actor).words.clear();
    WriteSegment(actor);
  }
  void WriteSegment(uint32_t actor) {
    ActorState& a = actors_[actor];
    std::vector<uint32_t> p = {actor, a.process, a.next_segment};
    a.stamp = Ticks(now_);
    a.read_object = 0;
    U64(p, a.stamp);
    U64(p, MonotonicNs(now_));
    p.push_back(static_cast<uint32_t>(a.held.size()));
    for (const Held& h : a.held) p.insert(p.end(), {h.object, h.site});
    const std::vector<uint32_t> record = Record(Op::kSegment, 0, p);
    auto& words = BlockOf(actor).words;
    if (words.size() + record.size() > kBlockWords - kHeaderWords) {
      SealCopy(actor);
      words.clear();
    }
    ++a.next_segment;
    words.insert(words.end(), record.begin(), record.end());
  }
  void SealCopy(uint32_t actor) {
    sealed_.push_back({NewNumber(), BlockOf(actor).words});
  }

  // ---- The shortest form of an acquisition that fits ----
  // A plain record of an object that was read last would be one more reading.
  bool FitsShort(uint32_t actor, uint32_t object, uint32_t site,
                 const Extras& e) {
    ActorState& a = actors_[actor];
    const bool reads = e.mode == model::Mode::kShared;
    const bool is_short =
        Short(object, site) && Plain(e) &&
        (reads || e.handover || e.start || a.read_object != object);
    if (!reads && a.read_object == object) a.read_object = 0;
    return is_short;
  }
  std::vector<uint32_t> Acquisition(Op op, uint32_t object, uint32_t site,
                                    const Extras& e) {
    std::vector<uint32_t> p;
    p.reserve(8);
    p.insert(p.end(), {object, site});
    if (e.handover) p.push_back(*e.handover);
    if (e.start) U64(p, Ticks(last_start_ = *e.start));
    if (e.group) p.push_back(*e.group);
    return Record(op, Flags(e), p);
  }
  // As a section's; one that has a start and no end reads as open.
  std::vector<uint32_t> ShortForm(uint32_t actor, uint32_t object,
                                  uint32_t site, const Extras& e) {
    Reserve(actor, 3);
    uint32_t words[3] = {Pack(kSection, object, site)};
    size_t count = 1;
    ActorState& a = actors_[actor];
    const bool reads = e.mode == model::Mode::kShared;
    if (reads && !e.start && a.read_object == object &&
        a.read_count == *e.handover) {
      return {words, words + 1};
    }
    if (reads) {
      a.read_object = object;
      a.read_count = *e.handover;
    }
    if (e.handover) {
      words[0] = Pack(kSectionHandover, object, site);
      words[count++] = *e.handover | (e.start ? kDetailTimed : 0) |
                       (e.mode == model::Mode::kShared ? kDetailShared : 0);
    } else if (e.start) {
      words[0] = Pack(kTimed, object, site);
    }
    if (e.start) words[count++] = TimeWord(actor, *e.start, e.end);
    return {words, words + count};
  }
  uint32_t TimeWord(uint32_t actor, uint64_t start,
                    std::optional<uint64_t> end) {
    uint64_t& stamp = actors_[actor].stamp;
    const uint32_t low = EncodeTicks(Ticks(start) - stamp);
    stamp += DecodeTicks(low);
    last_start_ = stamp - kStartTicks;
    return low | (end ? EncodeTicks(*end - start) : kStillOpen) << 16;
  }

  // ---- The file ----
  void PutBlock(uint64_t number, BlockKind kind,
                const std::vector<uint32_t>& records) {
    std::vector<uint32_t> words(records);
    words.resize(kBlockWords - kHeaderWords);
    BlockHeader header = {};
    header.magic = kBlockMagic;
    header.kind = kind;
    header.claim = number;
    if (kind == BlockKind::kSealed)
      header.checksum = Checksum(words.data(), words.size());
    const uint64_t slot =
        ring_ && kind == BlockKind::kSealed ? (number - 1) % ring_ + 1 : number;
    if (file_.size() < (slot + 1) * kBlockSize)
      file_.resize((slot + 1) * kBlockSize);
    std::memcpy(&file_[slot * kBlockSize], &header, sizeof header);
    std::memcpy(&file_[slot * kBlockSize + sizeof header], words.data(),
                words.size() * sizeof(uint32_t));
  }
  void PutHeader() {
    FileHeader h = {};
    std::memcpy(h.magic, kMagic, sizeof kMagic);
    h.major_version = major_;
    h.minor_version = kMinorVersion;
    h.block_size = kBlockSize;
    for (uint8_t i = 0; i < 16; ++i) h.recording_id[i] = i;
    h.start_unix_ns = kStartUnixNs;
    h.start_monotonic_ns = kStartMonotonicNs;
    h.start_ticks = kStartTicks;
    h.ring_blocks = ring_;
    h.next_block = next_block_;
    h.next_hot = ring_ + 1 + hot_blocks_;
    h.next_actor = actors_.empty() ? 1 : actors_.rbegin()->first + 1;
    h.stop_reason = static_cast<uint32_t>(stop_);
    h.stop_ticks = stop_ticks_;
    h.dropped = dropped_;
    h.volatile_hot = volatile_hot_ ? 1 : 0;
    std::memcpy(file_.data(), static_cast<const void*>(&h), sizeof h);
  }
  void Finish() {
    if (closed_) return;
    closed_ = true;
    for (OpenBlock& b : open_) {
      if (!b.hot && !b.words.empty())
        sealed_.push_back({NewNumber(), std::move(b.words)});
    }
    file_.resize(ring_ ? kBlockSize : next_block_ * kBlockSize);
    PutHeader();
    for (const SealedBlock& b : sealed_)
      PutBlock(b.number, BlockKind::kSealed, b.words);
    for (const OpenBlock& b : open_) {
      if (b.hot) PutBlock(b.number, BlockKind::kHot, b.words);
    }
  }

  double ns_per_tick_ = 1.0;
  uint16_t major_ = kMajorVersion;
  StopReason stop_ = StopReason::kNone;
  uint64_t stop_ticks_ = 0;
  uint64_t dropped_ = 0;
  bool volatile_hot_ = false;
  uint64_t ring_ = 0;
  uint64_t hot_blocks_ = 0;
  size_t limit_ = kBlockWords;
  uint64_t now_ = 0;
  uint64_t last_start_ = 0;
  uint64_t next_block_ = 1;
  std::map<uint32_t, ActorState> actors_;
  std::vector<OpenBlock> open_;
  std::vector<SealedBlock> sealed_;
  bool closed_ = false;
  std::string file_;
};

}  // namespace lockcheck::log::testing

#endif  // LOCKCHECK_TESTS_LOG_LOG_STREAMS_H_
