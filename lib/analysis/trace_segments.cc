#include "lib/analysis/trace_segments.h"

#include <cstdint>
#include <vector>

namespace lockcheck::analysis {
namespace {

// The largest share of `budget` that all of `wanted` can have who want more.
size_t FairShare(std::vector<size_t> wanted, size_t budget) {
  std::sort(wanted.begin(), wanted.end());
  for (size_t i = 0; i < wanted.size(); ++i) {
    const size_t share = budget / (wanted.size() - i);
    if (wanted[i] > share) return share;
    budget -= wanted[i];
  }
  return SIZE_MAX;
}

std::vector<size_t> WordsByActor(const log::Recording& recording) {
  std::vector<size_t> words;
  for (const log::Actor& actor : recording.actors) {
    size_t& sum = words.emplace_back(0);
    for (const log::Segment& segment : actor.segments) {
      sum += segment.words.size();
    }
  }
  return words;
}

}  // namespace

TraceSegments::TraceSegments(const log::Recording& recording, size_t most)
    : recording_(recording), share_(FairShare(WordsByActor(recording), most)) {}

}  // namespace lockcheck::analysis
