// How much of each actor's stream a trace is read from.
//
// Problem: a trace has an event for each record, so what is read of a log must
// have a bound, and a log may have few actors that did much or very many.
//
// Each actor gets the same share of the bound, and what one does not need the
// others get. Cost: that of sorting the actors. Thread safety: const.
#ifndef LOCKCHECK_LIB_ANALYSIS_TRACE_SEGMENTS_H_
#define LOCKCHECK_LIB_ANALYSIS_TRACE_SEGMENTS_H_

#include <algorithm>
#include <cstddef>

#include "lib/analysis/observations.h"
#include "lib/log/decode.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

class TraceSegments {
 public:
  // `most`: words, in all.
  TraceSegments(const log::Recording& recording, size_t most);

  // Reads the actor's up to a gap or the bound. False: there is more. Where the
  // first one is missing, the recording was cut down to what is later.
  template <typename Visitor>
  bool Read(ActorIndex actor, Visitor& visitor) const {
    const auto& segments = recording_.actors[actor].segments;
    if (recording_.from_start && !segments.empty() && segments[0].number != 0) {
      return false;
    }
    size_t left = share_;
    for (size_t i = 0; i < segments.size(); ++i) {
      if (segments[i].number != segments[0].number + i) return false;
      const auto words = segments[i].words;
      const size_t length = std::min(left, words.size());
      if (log::DecodeSegment(words.first(length), visitor).status !=
          log::DecodeStatus::kEnd) {
        return false;
      }
      if (length < words.size()) return false;
      left -= length;
    }
    return true;
  }

 private:
  const log::Recording& recording_;
  size_t share_;  // words of an actor
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_TRACE_SEGMENTS_H_
