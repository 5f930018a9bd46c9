#include "lib/log/since.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace lockcheck::log {
namespace {

// What is held at a place of a stream.
class Holds : public RecordVisitor {
 public:
  SegmentHeader header;
  std::vector<RawHold> held;

  void OnSegment(const SegmentHeader& h) {
    header = h;
    held.clear();
    for (size_t i = 0; i < h.held_count(); ++i) held.push_back(h.HeldAt(i));
  }
  void OnAcquire(const AcquireRecord& a) {
    held.push_back({a.object, a.site, a.mode});
  }
  void OnRelease(const ReleaseRecord& r) {
    if (r.depth < held.size()) {
      held.erase(held.end() - 1 - static_cast<ptrdiff_t>(r.depth));
    }
  }
  void OnReleasedByOther(uint32_t object) {
    const auto hold =
        std::find_if(held.rbegin(), held.rend(),
                     [&](const RawHold& h) { return h.object == object; });
    if (hold != held.rend()) held.erase(std::next(hold).base());
  }
};

// The segment's words from the mark on, behind a kSegment record of their own.
std::vector<uint32_t> Rest(const Segment& segment, uint64_t ticks,
                           uint32_t words) {
  const size_t before = std::min<size_t>(words, segment.words.size());
  Holds at;
  const LastReading reading =
      DecodeSegment(segment.words.first(before), at).reading;
  std::vector<uint32_t> rest = {0, at.header.actor, at.header.process,
                                segment.number};
  const auto add = [&](uint64_t value) {
    rest.push_back(static_cast<uint32_t>(value));
    rest.push_back(static_cast<uint32_t>(value >> 32));
  };
  add(ticks);
  add(at.header.monotonic_ns);
  rest.push_back(static_cast<uint32_t>(at.held.size()));
  for (const RawHold& hold : at.held) {
    rest.push_back(hold.object);
    rest.push_back(hold.site |
                   (hold.mode == model::Mode::kShared ? kHeldShared : 0));
  }
  rest.push_back(reading.object);
  rest.push_back(reading.count);
  rest[0] = Extended(Op::kSegment, static_cast<uint32_t>(rest.size()), 0);
  rest.insert(rest.end(),
              segment.words.begin() + static_cast<ptrdiff_t>(before),
              segment.words.end());
  return rest;
}

void KeepFrom(Recording& recording, Actor& actor, uint64_t ticks,
              const StreamMark& mark) {
  auto& segments = actor.segments;
  segments.erase(segments.begin(),
                 std::find_if(segments.begin(), segments.end(),
                              [&](const Segment& segment) {
                                return segment.number >= mark.segment;
                              }));
  if (segments.empty() || segments.front().number != mark.segment) return;
  Segment& first = segments.front();
  recording.made_words.push_back(Rest(first, ticks, mark.words));
  first.words = recording.made_words.back();
}

}  // namespace

void KeepSince(Recording& recording, uint64_t ticks,
               std::span<const StreamMark> marks) {
  recording.from_start = false;
  absl::flat_hash_map<uint32_t, const StreamMark*> by_actor;
  for (const StreamMark& mark : marks) by_actor[mark.actor] = &mark;
  for (Actor& actor : recording.actors) {
    const auto mark = by_actor.find(actor.id);
    if (mark != by_actor.end()) {
      KeepFrom(recording, actor, ticks, *mark->second);
    } else if (!actor.begun || actor.begin_ticks < ticks) {
      actor.segments.clear();
    }
  }
}

}  // namespace lockcheck::log
