// Traces told event by event, for tests of what is found in them.
#ifndef LOCKCHECK_TESTS_ANALYSIS_TOLD_TRACE_H_
#define LOCKCHECK_TESTS_ANALYSIS_TOLD_TRACE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "lib/analysis/communication.h"
#include "lib/analysis/trace.h"

namespace lockcheck::analysis::testing {

using model::How;
using model::ObjectKind;
using model::Post;

// Events in the order in which they happened; each has a site of its own.
class Told {
 public:
  ObjectIndex Object(ObjectKind kind, uint32_t initial = 0) {
    trace_.objects.push_back({.kind = kind, .initial = initial});
    acts_.push_back(0);
    tickets_.push_back(1);
    last_holder_.push_back(kNone);
    return static_cast<ObjectIndex>(trace_.objects.size() - 1);
  }
  ObjectIndex Lock() { return Object(ObjectKind::kMutex); }
  ObjectIndex Slots(uint32_t size) {
    const ObjectIndex slots = Object(ObjectKind::kThreadPool, size);
    trace_.objects[slots].held = true;
    return slots;
  }
  ActorIndex Actor() {
    trace_.actors.emplace_back().ended = true;
    return static_cast<ActorIndex>(trace_.actors.size() - 1);
  }
  ActorIndex ForkedBy(ActorIndex parent) {
    const ActorIndex child = Actor();
    trace_.actors[child].forked_by = {parent, Size(parent)};
    Add(parent, {.kind = EventKind::kFork, .object = child});
    return child;
  }
  void Join(ActorIndex actor, ActorIndex child) {
    Add(actor, {.kind = EventKind::kJoin, .object = child});
  }
  void GoesOn(ActorIndex actor) { trace_.actors[actor].ended = false; }

  void Acquire(ActorIndex actor, ObjectIndex lock, How how = How::kBlocking) {
    if (last_holder_[lock] != actor) ++acts_[lock];
    last_holder_[lock] = actor;
    Add(actor, {.kind = EventKind::kAcquire,
                .how = how,
                .object = lock,
                .order = acts_[lock]});
  }
  void Release(ActorIndex actor, ObjectIndex lock) {
    End(actor, lock, {.kind = EventKind::kRelease, .object = lock});
  }
  void Section(ActorIndex actor, ObjectIndex lock) {
    Acquire(actor, lock);
    Release(actor, lock);
  }
  // Finds that a once_flag's function has run.
  void Pass(ActorIndex actor, ObjectIndex once_flag) {
    Acquire(actor, once_flag);
    trace_.actors[actor].events.back().mode = model::Mode::kShared;
    Release(actor, once_flag);
  }
  void Take(ActorIndex actor, ObjectIndex object, How how = How::kBlocking) {
    Add(actor, {.kind = EventKind::kTake,
                .how = how,
                .object = object,
                .order = ++acts_[object]});
  }
  // Of what is set, or open: the act by which it became so.
  void Find(ActorIndex actor, ObjectIndex object, uint32_t act) {
    Add(actor, {.kind = EventKind::kTake, .object = object, .order = act});
  }
  void Post(ActorIndex actor, ObjectIndex object, model::Post post,
            uint32_t amount = 1) {
    Add(actor, {.kind = EventKind::kPost,
                .post = post,
                .object = object,
                .order = ++acts_[object],
                .amount = amount});
  }
  // Of a variable: finds what was last written.
  void Read(ActorIndex actor, ObjectIndex variable) {
    ReadVersion(actor, variable, acts_[variable]);
  }
  void ReadVersion(ActorIndex actor, ObjectIndex variable, uint32_t version) {
    Add(actor,
        {.kind = EventKind::kRead, .object = variable, .order = version});
  }
  void Write(ActorIndex actor, ObjectIndex variable) {
    Add(actor, {.kind = EventKind::kWrite,
                .object = variable,
                .order = ++acts_[variable]});
  }
  void Update(ActorIndex actor, ObjectIndex variable) {
    Add(actor, {.kind = EventKind::kUpdate,
                .object = variable,
                .order = ++acts_[variable]});
  }
  // The end of a queue of that items: all that was put until now is over.
  ObjectIndex EndOf(ObjectIndex items) {
    const ObjectIndex end = Object(ObjectKind::kQueueDone);
    trace_.objects[end].items = items;
    return end;
  }
  void Put(ActorIndex actor, ObjectIndex items, ObjectIndex end) {
    Post(actor, items, Post::kPut);
    ++outstanding_[end].left;
  }
  // One of its items is done.
  void TaskDone(ActorIndex actor, ObjectIndex end) {
    Over(actor, end, Post::kTaskDone, acts_[trace_.objects[end].items]);
  }
  void Start(ActorIndex actor, ObjectIndex operation) {
    Post(actor, operation, Post::kClear);
    ++outstanding_[operation].left;
  }
  void Complete(ActorIndex actor, ObjectIndex operation) {
    Over(actor, operation, Post::kComplete, ++acts_[operation]);
  }
  void FindOver(ActorIndex actor, ObjectIndex object) {
    Find(actor, object, outstanding_[object].none_since);
  }
  // What who arrived last runs then has returned.
  void Completed(ActorIndex actor, ObjectIndex barrier, uint32_t phase) {
    Add(actor, {.kind = EventKind::kPost,
                .post = Post::kComplete,
                .object = barrier,
                .order = phase});
  }
  void GiveBack(ActorIndex actor, ObjectIndex slots) {
    End(actor, slots,
        {.kind = EventKind::kPost, .post = Post::kTaskDone, .object = slots});
  }
  void Arrive(ActorIndex actor, ObjectIndex barrier, uint32_t phase) {
    Add(actor, {.kind = EventKind::kPost,
                .post = Post::kArrive,
                .object = barrier,
                .order = phase});
  }
  // Returns the ticket.
  uint32_t Wait(ActorIndex actor, ObjectIndex condition,
                How how = How::kBlocking) {
    Add(actor, {.kind = EventKind::kWaitBegin,
                .how = how,
                .object = condition,
                .order = tickets_[condition]});
    return tickets_[condition]++;
  }
  void Notify(ActorIndex actor, ObjectIndex condition, uint32_t first = 0,
              uint32_t count = 0) {
    Add(actor, {.kind = EventKind::kPost,
                .post = Post::kNotifyOne,
                .object = condition,
                .order = tickets_[condition],
                .first_ticket = first,
                .tickets = count});
  }
  // Lets go who has waited since that ticket.
  void SetFor(ActorIndex actor, ObjectIndex event, uint32_t ticket) {
    Add(actor, {.kind = EventKind::kPost,
                .post = Post::kSet,
                .object = event,
                .order = ++acts_[event],
                .first_ticket = ticket,
                .tickets = 1});
  }
  void Wake(ActorIndex actor, ObjectIndex condition, uint32_t ticket) {
    Add(actor,
        {.kind = EventKind::kTake, .object = condition, .order = ticket});
  }
  // As ReadTrace() has it: a wait would have let go of the lock meanwhile.
  void Found(ActorIndex actor, ObjectIndex condition, ObjectIndex lock) {
    Release(actor, lock);
    Add(actor, {.kind = EventKind::kFound, .object = condition});
    Acquire(actor, lock);
  }

  Findings All() const {
    Findings result;
    FindCommunication(trace_, {}, result);
    return result;
  }
  std::vector<Finding> Found() const { return All().findings; }
  Trace& trace() { return trace_; }

 private:
  uint32_t Size(ActorIndex actor) const {
    return static_cast<uint32_t>(trace_.actors[actor].events.size());
  }
  void Add(ActorIndex actor, Event event) {
    event.site = next_site_++;
    trace_.actors[actor].events.push_back(event);
  }
  void Over(ActorIndex actor, ObjectIndex object, model::Post post,
            uint32_t act) {
    Outstanding& now = outstanding_[object];
    if (--now.left == 0) now.none_since = act;
    Add(actor, {.kind = EventKind::kPost,
                .post = post,
                .object = object,
                .order = act,
                .level = now.left});
  }
  // Of the latest hold of it.
  void End(ActorIndex actor, ObjectIndex object, Event event) {
    auto& events = trace_.actors[actor].events;
    for (uint32_t i = Size(actor); i-- > 0;) {
      if (events[i].object != object || events[i].match != kNone) continue;
      events[i].match = Size(actor);
      event.match = i;
      break;
    }
    Add(actor, event);
  }

  struct Outstanding {
    uint32_t left = 0;
    uint32_t none_since = 0;  // act
  };

  Trace trace_;
  std::map<ObjectIndex, Outstanding> outstanding_;
  std::vector<uint32_t> acts_, tickets_;
  std::vector<ActorIndex> last_holder_;
  SiteIndex next_site_ = 0;
};

// Who waits for what: (actor, object) of each part.
inline std::vector<std::pair<ActorIndex, ObjectIndex>> Waits(
    const Finding& finding) {
  std::vector<std::pair<ActorIndex, ObjectIndex>> waits;
  for (const Part& part : finding.parts) {
    waits.emplace_back(part.actor, part.wants);
  }
  return waits;
}

MATCHER(IsDeadlock, "") {
  return arg.kind == Kind::kDeadlock && arg.rule == Rule::kCommunication &&
         arg.verdict == Verdict::kConfirmed;
}
// One of which the log does not say enough.
MATCHER(IsPossibleDeadlock, "") {
  return arg.kind == Kind::kDeadlock && arg.rule == Rule::kCommunication &&
         arg.verdict == Verdict::kPossible && arg.doubt != Doubt::kNone;
}

class Communication : public ::testing::Test {
 protected:
  Told t_;
  const ActorIndex a_ = t_.Actor(), b_ = t_.Actor();
  const ObjectIndex m_ = t_.Lock();
};

}  // namespace lockcheck::analysis::testing

#endif  // LOCKCHECK_TESTS_ANALYSIS_TOLD_TRACE_H_
