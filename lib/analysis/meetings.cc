#include "lib/analysis/meetings.h"

#include <functional>

#include "lib/analysis/approach.h"

namespace lockcheck::analysis {
namespace {

constexpr size_t kMostLengths = 4'000'000;  // 16 MB

}  // namespace

bool Meetings::Can(const TraceNode& a, const TraceNode& b, Reordering& part) {
  if (IsOverBefore(a, b, part) || IsOverBefore(b, a, part)) return false;
  std::pair pair(&a, &b);
  if (std::less<>()(pair.second, pair.first))
    std::swap(pair.first, pair.second);
  const auto [row, is_new] = can_.try_emplace(pair, true);
  if (is_new) row->second = MayArrive({&a, &b}, part);
  return row->second;
}

bool Meetings::IsOverBefore(const TraceNode& wait, const TraceNode& other,
                            Reordering& part) {
  const auto* done = DoneBefore(other, part);
  return done != nullptr && (*done)[wait.actor] > wait.at.back();
}

const std::vector<uint32_t>* Meetings::DoneBefore(const TraceNode& node,
                                                  Reordering& part) {
  const size_t actors = trace_.actors.size();
  const auto known = done_before_.find(&node);
  if (known != done_before_.end()) return &known->second;
  if ((done_before_.size() + 1) * actors > kMostLengths) return nullptr;
  std::vector<uint32_t>& done = done_before_[&node];
  // Who never comes there meets nobody.
  done.assign(actors, UINT32_MAX);
  if (MayArrive({&node}, part)) {
    for (ActorIndex a = 0; a < actors; ++a) done[a] = part.Length(a);
  }
  return &done;
}

// Whoever gets room as seen is there later than who gets any.
bool Meetings::MayArrive(std::vector<const TraceNode*> waits,
                         Reordering& part) {
  const StandstillQuestion question = {std::move(waits), {}};
  const bool may =
      Approach(trace_, order_, question, Room::kAny, part).MayArrive();
  work_ += part.taken_in() + trace_.actors.size() / 16 + 8;
  return may;
}

}  // namespace lockcheck::analysis
