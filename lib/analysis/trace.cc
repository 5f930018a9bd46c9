#include "lib/analysis/trace.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/kept_locks.h"
#include "lib/analysis/raw_ids.h"
#include "lib/analysis/trace_segments.h"
#include "lib/analysis/variable_versions.h"
#include "lib/analysis/whole_acts.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {
namespace {

using log::AcquireRecord;
using log::BlockRecord;
using log::ReleaseRecord;
using model::ObjectKind;

bool IsWaitedFor(ObjectKind kind) {
  const Role role = RoleOf(kind, false, 0);
  return role != Role::kLock && role != Role::kUnknown && role != Role::kData;
}

// Of a queue's end, in its own process.
ObjectIndex ItemsOf(const log::Recording& recording, const log::Object& done) {
  if (done.process >= recording.processes.size()) return kNone;
  const auto& by_id = recording.ObjectsOf(done.process);
  return done.value < by_id.size() ? by_id[done.value] : kNone;
}

std::vector<TraceObject> ObjectsOf(const Observations& o) {
  std::vector<TraceObject> objects;
  for (const log::Object& row : o.recording->objects) {
    objects.push_back(
        {.kind = row.kind,
         .initial = row.value,
         .held = model::CanBeHeld(row.kind) || model::IsSlots(row.kind)});
    if (model::IsEndOfItems(row.kind)) {
      objects.back().initial = 0;
      objects.back().items = ItemsOf(*o.recording, row);
    }
  }
  // Somebody posted what he did not hold.
  for (const Notification& n : o.notifications) {
    if (!model::IsSlots(objects[n.object].kind)) objects[n.object].held = false;
  }
  return objects;
}

class ActorReader : public log::RecordVisitor {
 public:
  ActorReader(const log::Recording& recording, ActorIndex actor,
              const std::vector<bool>& kept, Trace& trace)
      : ids_(recording, actor),
        recording_(recording),
        actor_(actor),
        kept_(kept),
        trace_(trace) {}

  void OnSegment(const log::SegmentHeader& header) {
    if (has_begun_) return;
    has_begun_ = true;
    // What it held at its beginning: after a fork of its process, or since
    // before what was read.
    inherits_ = recording_.from_start && header.held_count() > 0;
    for (size_t i = 0; i < header.held_count() && !inherits_; ++i) {
      const log::RawHold held = header.HeldAt(i);
      AcquireRecord a;
      a.object = held.object;
      a.site = held.site;
      a.mode = held.mode;
      OnAcquire(a);
    }
  }
  // A wait whose end is lost.
  void OnAct() {
    stands_.reset();
    EndRequest(model::Outcome::kInterrupted);
    if (waiting_ && RoleOf(waiting_->object) == Role::kCondition) EndWait(0);
    waiting_.reset();
  }
  void OnSection(uint32_t object, uint32_t site) {
    AcquireRecord a;
    a.object = object;
    a.site = site;
    OnSection(a, {});
  }
  void OnSection(const AcquireRecord& a, const ReleaseRecord&) {
    End(Begin(a), ids_.Object(a.object));
  }
  void OnAcquire(const AcquireRecord& a) {
    open_.push_back({ids_.Object(a.object), Begin(a)});
  }
  void OnRelease(const ReleaseRecord& r) {
    if (r.depth >= open_.size()) return;
    const auto at = open_.end() - 1 - r.depth;
    End(at->event, at->object);
    open_.erase(at);
  }
  void OnReleasedByOther(uint32_t object) {
    const ObjectIndex o = ids_.Object(object);
    const auto at = std::find_if(open_.rbegin(), open_.rend(),
                                 [&](const Open& h) { return h.object == o; });
    if (at == open_.rend()) return;
    // A permit is no hold any more; it was not given back.
    if (o == kNone || RoleOf(o) == Role::kLock) End(at->event, o);
    open_.erase(std::next(at).base());
  }
  void OnBlock(const BlockRecord& block) {
    stands_.reset();
    if (block.join) {
      join_site_ = ids_.Site(block.site);
      join_how_ = block.how;
      Stand(EventKind::kJoin, ids_.Actor(block.object), block);
      return;
    }
    const ObjectIndex object = ids_.Object(block.object);
    if (object != kNone && RoleOf(object) == Role::kLock) {
      Stand(EventKind::kAcquire, object, block);
    }
    asks_for_lock_ = !GivesUp(block.how) &&
                     (object == kNone || RoleOf(object) == Role::kLock);
    if (object == kNone ||
        (RoleOf(object) != Role::kCondition && RoleOf(object) != Role::kFlag)) {
      return;
    }
    waiting_ = {.kind = EventKind::kWaitBegin,
                .how = block.how,
                .object = object,
                .site = ids_.Site(block.site),
                .order = block.ticket};
    Add(*waiting_);
  }
  void OnUnblock(model::Outcome outcome, uint64_t) {
    stands_.reset();
    EndRequest(outcome);
    if (!waiting_) return;
    // What was found of a flag is said in a record of its own.
    if (outcome == model::Outcome::kSignalled &&
        RoleOf(waiting_->object) == Role::kCondition) {
      EndWait(waiting_->order);
    } else {
      waiting_.reset();
    }
  }
  void OnTake(const log::TakeRecord& take) {
    const ObjectIndex object = ids_.Object(take.object);
    if (object == kNone) return;
    Event event = {.kind = EventKind::kTake,
                   .how = take.how,
                   .object = object,
                   .site = ids_.Site(take.site),
                   .order = take.sequence};
    if (RoleOf(object) == Role::kCondition) {
      event.kind = EventKind::kFound;
      return AddFound(event);
    }
    if (model::IsSlots(KindOf(object)))
      slot_ = static_cast<uint32_t>(events().size());
    Add(event);
  }
  void OnPost(const log::PostRecord& post) {
    const ObjectIndex object = ids_.Object(post.object);
    if (object == kNone) return;
    Event event = {.kind = EventKind::kPost,
                   .post = post.post,
                   .object = object,
                   .site = ids_.Site(post.site),
                   .order = post.sequence,
                   .amount = post.amount,
                   .level = post.value,
                   .first_ticket = post.first,
                   .tickets = post.first == 0 ? 0 : post.count};
    if (RoleOf(object) == Role::kCondition) {
      event.order = post.next_ticket;
    } else if (model::IsSlots(KindOf(object)) && slot_ != kNone) {
      events()[slot_].match = static_cast<uint32_t>(events().size());
      event.match = slot_;
      slot_ = kNone;
    }
    Add(event);
  }
  void OnAccess(const log::AccessRecord& access) {
    const ObjectIndex object = ids_.Object(access.object);
    if (object == kNone || RoleOf(object) != Role::kData) return;
    // An update's is one more than the one that it saw.
    if (access.version == 0 && model::Writes(access.access)) return;
    Add({.kind = KindOf(access.access),
         .object = object,
         .site = ids_.Site(access.site),
         .order = access.version});
  }
  void OnFork(uint32_t child, uint64_t) {
    const ActorIndex actor = ids_.Actor(child);
    if (actor == kNone || IsRunHere(recording_.actors[actor])) return;
    trace_.actors[actor].forked_by = {actor_,
                                      static_cast<uint32_t>(events().size())};
    Add({.kind = EventKind::kFork, .object = actor});
  }
  void OnBegin(log::BeginHow how, uint32_t, uint32_t, uint64_t) {
    has_begin_ = true;
    was_started_ = how == log::BeginHow::kStarted || log::IsCarried(how);
    is_first_ =
        how == log::BeginHow::kMain && recording_.actors[actor_].process == 0;
  }
  void OnJoin(uint32_t child, uint64_t) {
    stands_.reset();
    const ActorIndex actor = ids_.Actor(child);
    if (actor == kNone) return;
    Add({.kind = EventKind::kJoin,
         .how = join_how_,
         .object = actor,
         .site = join_site_});
  }
  void OnEnd(uint64_t, uint64_t, uint32_t, uint32_t) { ended_ = true; }

  // Somebody forked it, and that has to be in the trace.
  bool was_started() const { return was_started_; }
  // Of all that it did, if `whole`.
  void Finish(bool whole) {
    // A request that stands is known, and is no event.
    if (!stands_) EndRequest(model::Outcome::kInterrupted);
    trace_.actors[actor_].ended = ended_ && whole && !inherits_;
    // Who began before what was read did so before all of it.
    trace_.actors[actor_].unseen_start =
        has_begin_ ? !was_started_ && !is_first_ : recording_.from_start;
    if (!inherits_) {
      trace_.actors[actor_].stands = stands_;
      return;
    }
    events().clear();
    trace_.incomplete = true;
  }

 private:
  struct Open {
    ObjectIndex object;
    uint32_t event;  // kNone: left out
  };

  std::vector<Event>& events() { return trace_.actors[actor_].events; }
  ObjectKind KindOf(ObjectIndex object) const {
    return trace_.objects[object].kind;
  }
  static EventKind KindOf(model::Access access) {
    switch (access) {
      case model::Access::kRead:
        return EventKind::kRead;
      case model::Access::kWrite:
        return EventKind::kWrite;
      case model::Access::kUpdate:
        return EventKind::kUpdate;
    }
    return EventKind::kRead;
  }
  // Of a task: by the only worker of its pool, which says that they follow each
  // other. Their slot does that, in whatever order they are submitted.
  bool IsRunHere(const log::Actor& task) const {
    return task.how == log::BeginHow::kTask && task.parent != actor_;
  }
  Role RoleOf(ObjectIndex object) const {
    return trace_.objects[object].role();
  }
  void Add(const Event& event) { events().push_back(event); }

  uint32_t Begin(const AcquireRecord& a) {
    const ObjectIndex object = ids_.Object(a.object);
    if (object == kNone) return kNone;
    uint32_t& handover = handovers_[object];
    // A reader's is that of the writer before it, always.
    if (a.handed_over || a.mode == model::Mode::kShared) {
      handover = std::max(handover, a.handover);
    }
    if (RoleOf(object) != Role::kLock) {
      Add({.kind = EventKind::kTake,
           .how = a.how,
           .object = object,
           .site = ids_.Site(a.site)});
    } else if (kept_[object]) {
      Event event = {.kind = EventKind::kAcquire,
                     .how = a.how,
                     .mode = a.mode,
                     .object = object,
                     .site = ids_.Site(a.site),
                     .order = handover};
      // It backs off and begins anew: it waits with the others in its hands
      // for the first of them alone.
      if (a.how == model::How::kMulti) {
        event.how = a.group == 0 ? model::How::kBlocking : model::How::kTry;
      }
      Add(event);
    } else {
      return kNone;
    }
    return static_cast<uint32_t>(events().size() - 1);
  }

  void End(uint32_t begun, ObjectIndex object) {
    if (begun == kNone) return;
    const auto at = static_cast<uint32_t>(events().size());
    events()[begun].match = at;
    Event event = {.kind = EventKind::kRelease,
                   .mode = events()[begun].mode,
                   .object = object,
                   .match = begun};
    if (events()[begun].kind == EventKind::kTake) {
      event.kind = EventKind::kPost;
      event.post = model::Post::kRelease;
    }
    Add(event);
  }

  // Had it waited, it would have let go of the innermost lock meanwhile.
  void AddFound(const Event& found) {
    if (open_.empty() || open_.back().event == kNone ||
        events()[open_.back().event].kind != EventKind::kAcquire) {
      return Add(found);
    }
    Open& innermost = open_.back();
    Event again = events()[innermost.event];
    End(innermost.event, innermost.object);
    Add(found);
    innermost.event = static_cast<uint32_t>(events().size());
    again.how = model::How::kBlocking;
    again.site = found.site;
    again.match = kNone;
    Add(again);
  }

  void Stand(EventKind kind, ObjectIndex object, const BlockRecord& block) {
    if (object == kNone || block.how != model::How::kBlocking) return;
    stands_ = {.kind = kind,
               .mode = block.mode,
               .object = object,
               .site = ids_.Site(block.site)};
  }

  // One that got nothing leaves no event, and is a request all the same.
  void EndRequest(model::Outcome outcome) {
    if (asks_for_lock_ && outcome != model::Outcome::kAcquired) {
      trace_.incomplete = true;
    }
    asks_for_lock_ = false;
  }

  void EndWait(uint32_t ticket) {
    Event event = *waiting_;
    waiting_.reset();
    event.kind = EventKind::kTake;
    event.order = ticket;
    Add(event);
  }

  const RawIds ids_;
  const log::Recording& recording_;
  const ActorIndex actor_;
  const std::vector<bool>& kept_;
  Trace& trace_;
  std::vector<Open> open_;
  absl::flat_hash_map<ObjectIndex, uint32_t> handovers_;
  std::optional<Event> waiting_;
  std::optional<Event> stands_;
  bool asks_for_lock_ = false;  // and waits for it, without a limit
  uint32_t slot_ = kNone;       // the task's take of its pool's slot
  SiteIndex join_site_ = kNone;
  model::How join_how_ = model::How::kBlocking;
  bool ended_ = false;
  bool inherits_ = false;
  bool has_begun_ = false;
  bool has_begin_ = false;
  bool was_started_ = false;
  bool is_first_ = false;  // of the recording
};

void LeaveOut(Trace& trace, ActorIndex actor) {
  trace.incomplete = true;
  trace.actors[actor].events.clear();
  trace.actors[actor].stands.reset();
  trace.actors[actor].ended = false;
  if (std::find(trace.cut.begin(), trace.cut.end(), actor) == trace.cut.end()) {
    trace.cut.push_back(actor);
  }
}

}  // namespace

bool HasWhatOrders(const Observations& o) {
  if (o.recording == nullptr) return false;
  const auto& objects = o.recording->objects;
  return std::any_of(
      objects.begin(), objects.end(), [](const log::Object& object) {
        return IsWaitedFor(object.kind) || object.kind == ObjectKind::kOnceFlag;
      });
}

Trace ReadTrace(const Observations& o, const TraceOptions& options) {
  Trace trace;
  if (o.recording == nullptr) return trace;
  const log::Recording& recording = *o.recording;
  trace.partial = !recording.whole;
  if (trace.partial) return trace;
  trace.objects = ObjectsOf(o);
  for (TraceObject& object : trace.objects) {
    object.whole = recording.from_start;
  }
  trace.actors.resize(o.actor_count);
  const TraceSegments segments(recording, options.max_words);
  std::vector<bool> kept(o.object_count);
  std::vector<ActorIndex> started;
  for (ActorIndex a = 0; a < o.actor_count; ++a) {
    KeptLocks visitor(recording, a, kept, trace.objects);
    segments.Read(a, visitor);
    trace.partial |= visitor.is_live;
  }
  if (trace.partial) return trace;
  for (ActorIndex a = 0; a < o.actor_count; ++a) {
    ActorReader reader(recording, a, kept, trace);
    const bool whole = segments.Read(a, reader);
    reader.Finish(whole);
    if (!whole) trace.cut.push_back(a);
    if (reader.was_started()) started.push_back(a);
  }
  // By a part of another actor's events that was not read.
  for (const ActorIndex a : started) {
    if (!trace.actors[a].forked_by.known()) LeaveOut(trace, a);
  }
  FindFirstVersions(recording, trace);
  FindMixedVersions(trace);
  CutToWholeActs(trace);
  return trace;
}

}  // namespace lockcheck::analysis
