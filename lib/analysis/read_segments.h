// An actor's stream from its beginning on, as far as it is whole, up to a
// bound.
#ifndef LOCKCHECK_LIB_ANALYSIS_READ_SEGMENTS_H_
#define LOCKCHECK_LIB_ANALYSIS_READ_SEGMENTS_H_

#include <cstddef>
#include <vector>

#include "lib/analysis/observations.h"
#include "lib/log/decode.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

// Reads one actor's segments up to a gap or the bound. False: there is more.
// Where the first one is missing, the recording was cut down to what is later.
template <typename Visitor>
bool ReadSegments(const log::Recording& recording, ActorIndex actor,
                  size_t most_words, Visitor& visitor) {
  const auto& segments = recording.actors[actor].segments;
  if (recording.from_start && !segments.empty() && segments[0].number != 0) {
    return false;
  }
  size_t words = 0;
  for (size_t i = 0; i < segments.size(); ++i) {
    words += segments[i].words.size();
    if (words > most_words || segments[i].number != segments[0].number + i) {
      return false;
    }
    if (log::DecodeSegment(segments[i].words, visitor).status ==
        log::DecodeStatus::kMalformed) {
      return false;
    }
  }
  return true;
}

// How many words of each actor may be read, `total` of all: those that did
// least are read whole, the others share what is left.
std::vector<size_t> SharesOfWords(const log::Recording& recording,
                                  size_t total);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_READ_SEGMENTS_H_
