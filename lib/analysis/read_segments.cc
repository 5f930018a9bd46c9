#include "lib/analysis/read_segments.h"

#include <algorithm>
#include <numeric>

namespace lockcheck::analysis {

std::vector<size_t> SharesOfWords(const log::Recording& recording,
                                  size_t total) {
  const size_t count = recording.actors.size();
  std::vector<size_t> words(count), order(count), shares(count);
  for (ActorIndex a = 0; a < count; ++a) {
    for (const log::Segment& segment : recording.actors[a].segments) {
      words[a] += segment.words.size();
    }
  }
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return words[a] < words[b]; });
  for (size_t i = 0; i < count; ++i) {
    const size_t a = order[i];
    if (words[a] == 0) continue;
    // A segment is read whole or not at all.
    const size_t first = recording.actors[a].segments.front().words.size();
    const size_t share = std::max(total / (count - i), first);
    shares[a] = std::min({words[a], share, total});
    total -= shares[a];
  }
  return shares;
}

}  // namespace lockcheck::analysis
