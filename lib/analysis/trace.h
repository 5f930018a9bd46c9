// The events of a recording, by actor: what an analysis needs that asks how
// they could have been interleaved otherwise.
//
// Problem: most analyses read what the scan leaves, whose size does not depend
// on the recording's length. Who asks whether actors can all come to a place
// where none goes on needs the events themselves, in the order of each actor
// and, per object, in the order that the log has of it. There is no order in
// time.
//
// What is left out: sections of locks that nobody ever keeps while anything
// else happens. Whoever holds one releases it next, so they hinder nobody.
#ifndef LOCKCHECK_LIB_ANALYSIS_TRACE_H_
#define LOCKCHECK_LIB_ANALYSIS_TRACE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/analysis/event_kind.h"
#include "lib/analysis/observations.h"
#include "lib/analysis/role.h"
#include "lib/log/recording.h"
#include "lib/model/primitives.h"

namespace lockcheck::analysis {

struct EventRef {
  ActorIndex actor = kNone;
  uint32_t index = 0;  // in the actor's events
  bool known() const { return actor != kNone; }
  friend bool operator==(const EventRef&, const EventRef&) = default;
};

struct Event {
  EventKind kind = EventKind::kAcquire;
  model::How how = model::How::kBlocking;
  model::Mode mode = model::Mode::kExclusive;
  model::Post post{};          // kPost
  ObjectIndex object = kNone;  // kFork and kJoin: the actor
  SiteIndex site = kNone;
  // kAcquire: the object's hand-over count. kTake, kPost: which act on the
  // object it is, 0 if that is not known; of a thread pool's slot, nothing.
  // kWaitBegin, and kTake of a notification: the ticket, 0 if not known. kPost
  // of a notification: the next ticket then. kRead: the version that it saw.
  // kWrite, kUpdate: the one that it made.
  uint32_t order = 0;
  // kPost: how many units it adds.
  uint32_t amount = 1;
  uint32_t level = 0;  // kPost: what there is after it, if that was said
  // kPost of a notification or on a flag: the tickets that it released.
  uint32_t first_ticket = 0;
  uint32_t tickets = 0;
  // kAcquire, and kTake of a permit: the index of the event that ends the hold,
  // kNone if none does. kRelease, kPost of a permit: of the one that began it.
  uint32_t match = kNone;
};

// kRead, kUpdate: of the variable, what its actor found there.
constexpr uint32_t VersionSeen(const Event& e) {
  return e.kind == EventKind::kUpdate ? e.order - 1 : e.order;
}

struct TraceActor {
  std::vector<Event> events;
  EventRef forked_by;  // not known: it may begin at any time
  // Somebody did start it, and the log does not say after what.
  bool unseen_start = false;
  // What it asks for after that, a lock or a join, and does not get in this
  // recording.
  std::optional<Event> stands;
  // It recorded its end, and all before it is here. If not, it may go on to do
  // anything.
  bool ended = false;
};

struct TraceObject {
  model::ObjectKind kind = model::ObjectKind::kUnknown;
  uint32_t initial = 0;  // what it begins with: permits, room, participants
  // Who gives a permit back is who took it: of a semaphore as far as was seen,
  // of a pool's slots always. Its takes are holds.
  bool held = false;
  // All that was done with it is in the trace. Of a lock it does not matter.
  bool whole = true;
  // Of a variable: nothing follows from its accesses (variable_versions.h).
  bool mixed = false;
  // Of a queue's end: what was put, and is unfinished.
  ObjectIndex items = kNone;
  // Of a variable: what it has when the trace begins.
  uint32_t first_version = 0;

  Role role() const { return RoleOf(kind, held, initial); }
};

struct Trace {
  std::vector<TraceActor> actors;    // by ActorIndex
  std::vector<TraceObject> objects;  // by ObjectIndex
  // Events of these actors that come later were not read: a bound.
  std::vector<ActorIndex> cut;
  // Something that may matter is no event: a request for a lock that was
  // refused; what an actor did that could not be placed.
  bool incomplete = false;
  // Records are missing: nothing was read.
  bool partial = false;

  const Event& At(EventRef ref) const {
    return actors[ref.actor].events[ref.index];
  }
};

struct TraceOptions {
  size_t max_words = size_t{256} << 14;  // of a log, in all: 256 blocks
};

// Something in the recording is waited for that is not held, or there is a
// once_flag, which orders what others do all the same.
bool HasWhatOrders(const Observations& observations);

// Empty without a recording.
Trace ReadTrace(const Observations& observations, const TraceOptions& options);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_TRACE_H_
