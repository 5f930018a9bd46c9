#include "lib/analysis/outstanding.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace lockcheck::analysis {
namespace {

enum class Kind : uint8_t { kStart, kEnd, kTake };

struct Act {
  std::pair<uint32_t, uint32_t> at;  // in the object's order
  EventRef ref;
  Kind kind;
  size_t take = 0;  // which one
};

constexpr uint32_t kAfterAll = UINT32_MAX;

// A start has its own number. What ends with fewer left ends later; a take has
// the number of the last act before it.
std::vector<Act> InOrder(const Trace& trace, std::span<const EventRef> starts,
                         std::span<const EventRef> ends,
                         std::span<const EventRef> takes) {
  std::vector<Act> acts;
  for (const EventRef ref : starts) {
    acts.push_back({{trace.At(ref).order, 0}, ref, Kind::kStart});
  }
  for (const EventRef ref : ends) {
    const Event& e = trace.At(ref);
    acts.push_back({{e.order, kAfterAll - 1 - e.level}, ref, Kind::kEnd});
  }
  for (size_t i = 0; i < takes.size(); ++i) {
    acts.push_back(
        {{trace.At(takes[i]).order, kAfterAll}, takes[i], Kind::kTake, i});
  }
  std::sort(acts.begin(), acts.end(), [](const Act& a, const Act& b) {
    return std::tie(a.at, a.ref.actor, a.ref.index) <
           std::tie(b.at, b.ref.actor, b.ref.index);
  });
  return acts;
}

// Whether each actor did what it did in that order, and no two acts are one.
bool IsInEachActorsOrder(const std::vector<Act>& acts) {
  absl::flat_hash_map<ActorIndex, uint32_t> last;
  for (size_t i = 0; i < acts.size(); ++i) {
    if (i > 0 && acts[i - 1].at == acts[i].at && acts[i].kind != Kind::kTake) {
      return false;
    }
    const EventRef ref = acts[i].ref;
    const auto [row, is_new] = last.try_emplace(ref.actor, ref.index);
    if (!is_new && ref.index <= row->second) return false;
    row->second = ref.index;
  }
  return true;
}

}  // namespace

std::optional<OutstandingActs> OrderOutstanding(
    const Trace& trace, std::span<const EventRef> starts,
    std::span<const EventRef> ends, std::span<const EventRef> takes) {
  const std::vector<Act> acts = InOrder(trace, starts, ends, takes);
  if (!IsInEachActorsOrder(acts)) return std::nullopt;
  OutstandingActs result;
  result.ended.resize(takes.size());
  uint32_t left = 0;
  for (const Act& act : acts) {
    switch (act.kind) {
      case Kind::kStart:
        ++left;
        result.starts.push_back(act.ref);
        break;
      case Kind::kEnd:
        if (left == 0 || trace.At(act.ref).level != --left) return std::nullopt;
        result.ends.push_back(act.ref);
        break;
      case Kind::kTake:
        if (left != 0) return std::nullopt;
        result.ended[act.take] = static_cast<uint32_t>(result.ends.size());
        break;
    }
  }
  return result;
}

std::vector<std::vector<EventRef>> ByActor(
    std::span<const EventRef> refs, const std::vector<ActorIndex>& actors) {
  absl::flat_hash_map<ActorIndex, size_t> row_of;
  for (size_t i = 0; i < actors.size(); ++i) row_of[actors[i]] = i;
  std::vector<std::vector<EventRef>> rows(actors.size());
  for (const EventRef ref : refs) {
    const auto row = row_of.find(ref.actor);
    if (row != row_of.end()) rows[row->second].push_back(ref);
  }
  for (auto& row : rows) {
    std::sort(row.begin(), row.end(),
              [](EventRef a, EventRef b) { return a.index < b.index; });
  }
  return rows;
}

bool EachEndsWhatItGot(const std::vector<std::vector<EventRef>>& gets_of,
                       const std::vector<std::vector<EventRef>>& ends_of) {
  for (size_t row = 0; row < ends_of.size(); ++row) {
    const auto& gets = gets_of[row];
    const auto& ends = ends_of[row];
    for (size_t i = 0; i < ends.size(); ++i) {
      // The i-th end comes after the i-th get.
      if (i >= gets.size() || gets[i].index > ends[i].index) return false;
    }
  }
  return true;
}

}  // namespace lockcheck::analysis
