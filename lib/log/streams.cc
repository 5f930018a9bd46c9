#include "lib/log/streams.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"

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

}  // namespace

Streams AssembleStreams(std::vector<FoundSegment> segments) {
  SortAndDropDuplicates(segments);
  Streams streams;
  for (auto begin = segments.begin(); begin != segments.end();) {
    const auto end = std::find_if(
        begin, segments.end(),
        [&](const FoundSegment& s) { return s.actor != begin->actor; });
    streams.emplace(begin->actor, StreamOf(begin, end));
    begin = end;
  }
  return streams;
}

}  // namespace lockcheck::log
