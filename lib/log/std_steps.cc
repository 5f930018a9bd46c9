#include "lib/log/std_steps.h"

#include <algorithm>
#include <iterator>

namespace lockcheck::log {

using model::How;
using model::Mode;
using model::Outcome;

StdSteps::StdSteps(const Recording& recording, ActorIndex actor)
    : recording_(recording), actor_(actor) {}

bool StdSteps::Next(std::vector<StdStep>& steps) {
  steps.clear();
  steps_ = &steps;
  const auto& segments = recording_.actors[actor_].segments;
  if (next_segment_ < segments.size()) {
    DecodeSegment(segments[next_segment_++].words, *this);
    return true;
  }
  if (finished_) return false;
  finished_ = true;
  if (wait_ && !wait_->notification) Add(wait_->step);
  return false;
}

ObjectIndex StdSteps::ObjectOf(uint32_t id) const {
  return recording_.FindObject(recording_.actors[actor_].process, id);
}

bool StdSteps::IsLock(ObjectIndex object) const {
  if (object == kNone) return false;
  const model::Primitive& row =
      model::PrimitiveOf(recording_.objects[object].kind);
  return row.exclusive_hold && row.wait_rule == model::WaitRule::kAll;
}

bool StdSteps::IsCondition(ObjectIndex object) const {
  return object != kNone &&
         model::MayFindNothing(recording_.objects[object].kind);
}

// What is held must be what the segment says. After a gap it may not be.
void StdSteps::OnSegment(const SegmentHeader& header) {
  std::vector<Open> held;
  for (size_t i = 0; i < header.held_count(); ++i) {
    const uint32_t id = header.HeldAt(i).object;
    const auto known =
        std::find_if(open_.begin(), open_.end(),
                     [&](const Open& open) { return open.id == id; });
    if (known != open_.end()) {
      held.push_back(*known);
      open_.erase(known);
    } else {
      held.push_back({id, kNone});
      ++left_out_.cut_holds;
    }
  }
  for (auto gone = open_.rbegin(); gone != open_.rend(); ++gone) {
    Released(*gone);
  }
  open_ = std::move(held);
}

StdSteps::Open StdSteps::Acquired(const AcquireRecord& a) {
  const ObjectIndex object = ObjectOf(a.object);
  if (!IsLock(object)) {
    ++left_out_.other_objects;
    return {a.object, kNone};
  }
  if (a.mode == Mode::kShared) {
    const bool passes =
        recording_.objects[object].kind == model::ObjectKind::kOnceFlag;
    ++(passes ? left_out_.passages : left_out_.shared_holds);
    return {a.object, kNone};
  }
  left_out_.as_blocking += a.how != How::kBlocking;
  uint32_t& handover = handovers_[object];
  if (a.handed_over) handover = a.handover;
  Add({.kind = StdStepKind::kAcquire,
       .object = object,
       .site = recording_.FindSite(a.site),
       .order = handover});
  return {a.object, object};
}

void StdSteps::Released(const Open& open) {
  if (open.object == kNone) return;
  Add({.kind = StdStepKind::kRelease, .object = open.object});
}

void StdSteps::OnSection(uint32_t object, uint32_t site) {
  AcquireRecord a;
  a.object = object;
  a.site = site;
  Released(Acquired(a));
}

void StdSteps::OnSection(const AcquireRecord& a, const ReleaseRecord&) {
  Released(Acquired(a));
}

void StdSteps::OnAcquire(const AcquireRecord& a) {
  open_.push_back(Acquired(a));
}

void StdSteps::OnRelease(const ReleaseRecord& r) {
  if (r.depth >= open_.size()) return;
  const auto at = open_.end() - 1 - static_cast<ptrdiff_t>(r.depth);
  Released(*at);
  open_.erase(at);
}

void StdSteps::OnReleasedByOther(uint32_t object) {
  const auto at = std::find_if(open_.rbegin(), open_.rend(),
                               [&](const Open& o) { return o.id == object; });
  if (at == open_.rend()) return;
  Released(*at);
  open_.erase(std::next(at).base());
}

void StdSteps::OnPost(const PostRecord& post) {
  const ObjectIndex object = ObjectOf(post.object);
  if (!IsCondition(object) || (post.post != model::Post::kNotifyOne &&
                               post.post != model::Post::kNotifyAll)) {
    ++left_out_.other_objects;
    return;
  }
  Add({.kind = post.post == model::Post::kNotifyAll ? StdStepKind::kNotifyAll
                                                    : StdStepKind::kNotifyOne,
       .object = object,
       .site = recording_.FindSite(post.site),
       .order = post.first,
       .count = post.first == 0 ? 0 : post.count});
}

// Of a condition it says that nobody had to wait.
void StdSteps::OnTake(const TakeRecord& take) {
  left_out_.other_objects += !IsCondition(ObjectOf(take.object));
}

void StdSteps::OnAccess(const AccessRecord& access) {
  const ObjectIndex object = ObjectOf(access.object);
  if (object == kNone || !model::IsData(recording_.objects[object].kind)) {
    ++left_out_.other_objects;
    return;
  }
  const bool writes = model::Writes(access.access);
  if (writes && access.version == 0) return;  // no write has that number
  StdStep step = {.object = object, .site = recording_.FindSite(access.site)};
  if (model::Reads(access.access)) {
    step.kind = StdStepKind::kRead;
    step.order = access.version - (writes ? 1 : 0);
    Add(step);
  }
  if (!writes) return;
  step.kind = StdStepKind::kWrite;
  step.order = access.version;
  Add(step);
}

void StdSteps::OnBlock(const BlockRecord& block) {
  if (block.join) {
    join_site_ = recording_.FindSite(block.site);
    return;
  }
  StdStep step = {.object = ObjectOf(block.object),
                  .site = recording_.FindSite(block.site)};
  if (IsCondition(step.object)) {
    step.kind = StdStepKind::kWait;
    step.order = block.ticket;
    Add(step);
    wait_ = {step, true};
  } else if (IsLock(step.object) && block.mode == Mode::kExclusive) {
    step.kind = StdStepKind::kRequest;
    wait_ = {step, false};
  }
}

void StdSteps::OnUnblock(Outcome outcome, uint64_t) {
  if (wait_ && wait_->notification && outcome == Outcome::kSignalled) {
    StdStep step = wait_->step;
    step.kind = StdStepKind::kWoken;
    Add(step);
  }
  wait_.reset();
}

void StdSteps::OnFork(uint32_t child, uint64_t) {
  const ActorIndex actor = recording_.FindActor(child);
  // A pool's only worker says so, too, of tasks that others gave it.
  if (actor == kNone || recording_.actors[actor].parent != actor_) return;
  Add({.kind = StdStepKind::kFork, .object = actor});
}

void StdSteps::OnJoin(uint32_t child, uint64_t) {
  const ActorIndex actor = recording_.FindActor(child);
  if (actor == kNone) return;
  Add({.kind = StdStepKind::kJoin, .object = actor, .site = join_site_});
}

}  // namespace lockcheck::log
