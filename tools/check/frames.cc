#include "tools/check/frames.h"

#include <algorithm>

namespace lockcheck::testing {

using check::Findings;
using check::Found;
using check::Observer;

void Frames::Begin(const std::string& test) {
  in_test_ = !test.empty();
  observer_.Begin(test);
  frames_.assign(1, {Observer::kBegin, Observer::kBegin, false, {}, {}});
}

void Frames::Add(const Findings& some, Frame& frame) {
  Findings& all = frame.findings;
  if (all.error.empty()) all.error = some.error;
  if (all.missing.empty()) all.missing = some.missing;
  for (const std::string& line : some.cut) {
    if (std::find(all.cut.begin(), all.cut.end(), line) == all.cut.end()) {
      all.cut.push_back(line);
    }
  }
  for (const Found& one : some.found) {
    if (frame.seen.insert(one.id).second) all.found.push_back(one);
  }
}

Findings Frames::Close(Frame& frame) {
  Add(observer_.Since(frame.part), frame);
  if (frame.has_blocks) Add(observer_.Since(frame.begin), frame);
  return frame.findings;
}

size_t Frames::Enter() {
  Frame& around = frames_.back();
  // Between tests only the whole program is judged, by what nobody has seen.
  if (in_test_ || frames_.size() > 1) Add(observer_.Since(around.part), around);
  const Observer::Moment now = observer_.Mark();
  frames_.push_back({now, now, false, {}, {}});
  return frames_.size() - 1;
}

Findings Frames::Leave(size_t depth) {
  if (depth >= frames_.size()) return {};
  frames_.resize(depth + 1);
  Findings findings = Close(frames_.back());
  const std::set<std::string> seen = std::move(frames_.back().seen);
  frames_.pop_back();
  Frame& around = frames_.back();
  around.has_blocks = true;
  around.seen.insert(seen.begin(), seen.end());
  around.part = observer_.Mark();
  return findings;
}

void Frames::Dissolve(size_t depth) {
  if (depth >= frames_.size()) return;
  const Observer::Moment begin = frames_[depth].begin;
  frames_.resize(depth);
  frames_.back().part = begin;
}

}  // namespace lockcheck::testing
