#include "lib/analysis/meetings.h"

#include <functional>

#include "lib/analysis/approach.h"

namespace lockcheck::analysis {

bool Meetings::Can(const TraceNode& a, const TraceNode& b, Reordering& part) {
  std::pair pair(&a, &b);
  if (std::less<>()(pair.second, pair.first))
    std::swap(pair.first, pair.second);
  const auto [row, is_new] = can_.try_emplace(pair, true);
  if (is_new) {
    const StandstillQuestion question = {{&a, &b}, {}};
    // Whoever gets room as seen is there later than who gets any.
    row->second =
        Approach(trace_, order_, question, Room::kAny, part).MayArrive();
    work_ += part.taken_in() + trace_.actors.size() / 16 + 8;
  }
  return row->second;
}

}  // namespace lockcheck::analysis
