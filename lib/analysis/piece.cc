#include "lib/analysis/piece.h"

#include <algorithm>
#include <span>

#include "lib/log/decode.h"

namespace lockcheck::analysis {
namespace {

// Definitions and notes may stand between any two records.
bool IsAside(log::Op op) {
  return (op >= log::Op::kDefProcess && op <= log::Op::kDefName) ||
         op == log::Op::kNote;
}

}  // namespace

void Totals::Merge(const Totals& other) {
  events += other.events;
  first_ticks = std::min(first_ticks, other.first_ticks);
  last_ticks = std::max(last_ticks, other.last_ticks);
  for (size_t i = 0; i < objects.size(); ++i) {
    objects[i].Merge(other.objects[i]);
  }
  for (size_t i = 0; i < sites.size(); ++i) sites[i].Merge(other.sites[i]);
  for (const auto& [pair, count] : other.shares) shares[pair] += count;
  blame.Merge(other.blame);
  for (const auto& [object, usage] : other.posts) posts[object].Merge(usage);
  joins.Merge(other.joins);
  full_timing |= other.full_timing;
  other_timing |= other.other_timing;
  sample_interval = std::max(sample_interval, other.sample_interval);
  bad_releases += other.bad_releases;
  unknown_ids += other.unknown_ids;
  cut_held_sets += other.cut_held_sets;
}

namespace {
constexpr size_t kHeldCount = 8;  // the kSegment word that counts holds
}  // namespace

size_t HeldCount(const log::Segment& segment) {
  const std::span<const uint32_t> words = segment.words;
  const bool known = words.size() > kHeldCount &&
                     (words[0] & log::kShortOpMask) == log::kExtended &&
                     log::OpOf(words[0]) == log::Op::kSegment &&
                     log::WordsOf(words[0]) > kHeldCount;
  return known ? words[kHeldCount] : 0;
}

bool BeginsAfresh(const log::Segment& segment) {
  std::span<const uint32_t> words = segment.words;
  bool first = true;
  while (!words.empty() && words[0] != 0) {
    if ((words[0] & log::kShortOpMask) != log::kExtended) return !first;
    const log::Op op = log::OpOf(words[0]);
    const size_t length = log::WordsOf(words[0]);
    if (length == 0 || length > words.size()) return false;
    if (first) {
      if (op != log::Op::kSegment || length <= kHeldCount ||
          words[kHeldCount] != 0) {
        return false;
      }
      first = false;
    } else if (!IsAside(op)) {
      // It goes with the release before.
      return log::IsAct(op) && op != log::Op::kSawWaiters;
    }
    words = words.subspan(length);
  }
  return false;
}

}  // namespace lockcheck::analysis
