#include "lib/log/streams.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace lockcheck::log {
namespace {

using Iterator = std::vector<FoundSegment>::iterator;

// Of a segment that is there twice the sealed copy counts: the hot one may be
// half cleared. Of two of a kind, the longer.
void SortAndDropDuplicates(std::vector<FoundSegment>& segments) {
  const auto key = [](const FoundSegment& s) {
    return std::make_tuple(s.actor, s.number, s.hot, ~s.words.size(), s.block);
  };
  std::sort(segments.begin(), segments.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  segments.erase(std::unique(segments.begin(), segments.end(),
                             [](const auto& a, const auto& b) {
                               return a.actor == b.actor &&
                                      a.number == b.number;
                             }),
                 segments.end());
}

// An actor lives in one process; a damaged segment may say another.
uint32_t ProcessOfMost(Iterator begin, Iterator end) {
  uint32_t candidate = begin->process;
  absl::flat_hash_map<uint32_t, size_t> votes;
  for (auto it = begin; it != end; ++it) {
    if (++votes[it->process] > votes[candidate]) candidate = it->process;
  }
  return candidate;
}

Stream StreamOf(Iterator begin, Iterator end) {
  Stream stream;
  stream.process = ProcessOfMost(begin, end);
  uint32_t next = 0;
  for (auto it = begin; it != end; ++it) {
    if (it->process != stream.process) {
      ++stream.foreign;
      continue;
    }
    if (it->number > next) stream.gaps.emplace_back(next, it->number - 1);
    next = it->number + 1;
    stream.segments.push_back({it->number, it->block, it->words, it->hot});
  }
  return stream;
}

AcquireRecord Decode(const Pending& p) {
  AcquireRecord a;
  if ((p.packed & kShortOpMask) == kSection) {
    // The hot path stores nothing but this word and its position; the other
    // fields are those of an earlier entry.
    a.object = ObjectOf(p.packed);
    a.site = SiteOf(p.packed);
    return a;
  }
  a.object = p.object;
  a.site = p.site;
  a.how = static_cast<model::How>(p.flags & kFlagHowMask);
  if (p.flags & kFlagShared) a.mode = model::Mode::kShared;
  if (p.flags & kFlagHandover) {
    a.handed_over = true;
    a.handover = p.handover;
  }
  if (p.flags & kFlagStart) {
    a.timed = true;
    a.start_ticks = p.start_ticks;
  }
  if (p.flags & kFlagGroup) a.group = p.flags >> 8;
  return a;
}

// Gives each pending entry to its actor.
class PendingOwners {
 public:
  PendingOwners(const std::vector<FoundSegment>& all,
                const absl::flat_hash_set<uint32_t>& ended)
      : ended_(ended) {
    for (const FoundSegment& s : all) {
      Last& last = last_[s.actor];
      if (s.number > last.number) last = {s.number, 0, false};
      if (s.number == last.number) {
        last.end = std::max(last.end, s.end);
        last.sealed |= !s.hot;
      }
      if (!s.hot) continue;
      has_hot_.insert(s.actor);
      // Scanned in order: the block's last segment stays.
      in_block_[s.block] = {s.actor, s.number};
    }
  }

  void Assign(const HotBlock& block, Streams& streams) const {
    const uint32_t position = block.pending.position;
    if (block.pending.packed == 0 || position < kHeaderWords ||
        position > kBlockWords || position > block.file_end) {
      return;
    }
    const uint32_t actor = OwnerOf(block);
    const auto stream = streams.find(actor);
    if (stream == streams.end() || ended_.contains(actor)) return;
    stream->second.has_pending = true;
    stream->second.pending = Decode(block.pending);
  }

 private:
  struct Last {
    uint32_t number = 0, end = 0;
    bool sealed = false;
  };

  // 0: nobody's, or a record shows it already.
  uint32_t OwnerOf(const HotBlock& block) const {
    const auto found = in_block_.find(block.number);
    if (found == in_block_.end()) return OwnerOfCleared(block);
    const auto [actor, number] = found->second;
    const Last& last = last_.find(actor)->second;
    // `end` is the sealed copy's if there is one.
    const bool shown =
        last.number != number || last.end > block.pending.position;
    return shown ? 0 : actor;
  }

  // The program died when its block had been sealed and cleared and the next
  // segment was not yet begun. The entry's position is the end of the sealed
  // copy, and its actor has no hot block. If that fits several, none is said to
  // hold the lock.
  uint32_t OwnerOfCleared(const HotBlock& block) const {
    if (!block.words.empty()) return 0;
    uint32_t owner = 0;
    for (const auto& [actor, last] : last_) {
      if (!last.sealed || has_hot_.contains(actor) || ended_.contains(actor) ||
          last.end != block.pending.position) {
        continue;
      }
      if (owner != 0) return 0;
      owner = actor;
    }
    return owner;
  }

  const absl::flat_hash_set<uint32_t>& ended_;
  absl::flat_hash_map<uint32_t, Last> last_;  // by actor
  absl::flat_hash_set<uint32_t> has_hot_;
  absl::flat_hash_map<uint64_t, std::pair<uint32_t, uint32_t>> in_block_;
};

}  // namespace

Streams AssembleStreams(std::vector<FoundSegment> segments,
                        std::span<const HotBlock> hot_blocks,
                        const absl::flat_hash_set<uint32_t>& ended) {
  const PendingOwners owners(segments, ended);
  SortAndDropDuplicates(segments);
  Streams streams;
  for (auto begin = segments.begin(); begin != segments.end();) {
    const auto end = std::find_if(
        begin, segments.end(),
        [&](const FoundSegment& s) { return s.actor != begin->actor; });
    streams.emplace(begin->actor, StreamOf(begin, end));
    begin = end;
  }
  for (const HotBlock& block : hot_blocks) owners.Assign(block, streams);
  return streams;
}

}  // namespace lockcheck::log
