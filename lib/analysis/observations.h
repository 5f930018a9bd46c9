// What one scan over a recording found, and what every analysis reads.
//
// Problem: analyses must not depend on how long the recording was, nor on how
// the log is laid out. The scan reduces each actor's events to: its distinct
// lock dependencies, its phases (the stretches between fork and join), the
// state it ended in, its misuses and its statistics. Size: O(distinct
// dependencies + live objects + actors), never O(events).
//
// All ids are indices into the Recording's tables. END(actor) pseudo-locks are
// objects too; see Observations::end_object.
#ifndef LOCKCHECK_LIB_ANALYSIS_OBSERVATIONS_H_
#define LOCKCHECK_LIB_ANALYSIS_OBSERVATIONS_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "lib/log/recording.h"
#include "lib/model/primitives.h"

namespace lockcheck::analysis {

using log::ActorIndex;
using log::kNone;
using log::ObjectIndex;
using log::SiteIndex;
using log::StackIndex;

// Of two holds of one lock, or of a hold and a request.
inline bool Exclude(model::Mode a, model::Mode b) {
  return a == model::Mode::kExclusive || b == model::Mode::kExclusive;
}

// A request that gives up closes no cycle; what it got is held like any other.
inline bool GivesUp(model::How how) {
  return how == model::How::kTry || how == model::How::kTimed;
}

struct Hold {
  ObjectIndex object = kNone;
  model::Mode mode = model::Mode::kExclusive;
  SiteIndex site = kNone;  // where it was acquired
  friend bool operator==(const Hold&, const Hold&) = default;
};

// Of a dependency, of which there are very many: mostly one hold and one phase,
// which lie where a vector would point.
using HeldSet = absl::InlinedVector<Hold, 1>;     // outermost first
using Phases = absl::InlinedVector<uint32_t, 4>;  // ascending, distinct
static_assert(sizeof(HeldSet) == sizeof(std::vector<Hold>));
static_assert(sizeof(Phases) == sizeof(std::vector<uint32_t>));

// <actor, lock requested, locks held, mode> with its sites: the relation D of
// iGoodlock (Joshi, Park, Sen, Naik, PLDI 2009). Distinct in everything but
// `count`, `phases` and `stack`. For a member of lock(a, b, ...) the held locks
// are those held before the whole request.
struct Dependency {
  ActorIndex actor = kNone;
  ObjectIndex lock = kNone;
  model::Mode mode = model::Mode::kExclusive;
  model::How how = model::How::kBlocking;
  // Of a try that may be one of std::lock's, for its place is not known: how
  // many of `held` were held before the call then. Else 0.
  uint16_t perhaps_retried_under = 0;
  SiteIndex site = kNone;
  StackIndex stack = kNone;  // of this request, if one was recorded
  HeldSet held;              // never empty
  uint64_t count = 0;        // how often it occurred
  Phases phases;             // of the actor
};

// A join of actor u is a request for the pseudo-lock END(u): made while locks
// are held it is a Dependency whose `lock` is end_object(u), kBlocking, in the
// phase before the join (the join itself begins the next phase). END(u) never
// stands in `held`: every actor holds its own from its first event to its last,
// and the analyses add it.

// A request made while the actor held nothing (a member of lock(a, b, ...):
// nothing before the whole request): the counterpart of Dependency,
// whose `held` is never empty. Filled by the scan with every such request of
// every actor, try, timed and failed ones and joins (lock = end_object(u))
// included; re-entrant acquisitions and waits for a signal are not requests.
// Distinct in (actor, lock, mode, how, site). Needed because an actor that is
// joined holds END(actor) during all of them: t, holding L, joins u, and u asks
// for L with empty hands.
struct Request {
  ActorIndex actor = kNone;
  ObjectIndex lock = kNone;
  model::Mode mode = model::Mode::kExclusive;
  model::How how = model::How::kBlocking;
  SiteIndex site = kNone;
  StackIndex stack = kNone;  // of this request, if one was recorded
  uint64_t count = 0;        // how often it occurred
  Phases phases;             // of the actor
};

// An actor's events fall into phases: phase 0 begins at its first event, and
// each fork and each join by the actor begins a new one. Order between actors
// comes from fork and join alone, so two events are ordered iff their phases
// are.
struct PhaseEdge {  // everything in `from` happens before everything in `to`
  ActorIndex from_actor = kNone;
  uint32_t from_phase = 0;
  ActorIndex to_actor = kNone;
  uint32_t to_phase = 0;   // 0: a fork
  SiteIndex site = kNone;  // of a join, if it is known
};

enum class ActorState : uint8_t {
  kRunning,  // at the log's end: not blocked
  kBlocked,  // waits
  kEnded,    // recorded its own end
  kGone,     // its process exited normally, or was replaced by exec
};

struct Wait {
  ObjectIndex object = kNone;  // END(actor) for a join; kNone: not in the log
  bool joins = false;
  model::How how = model::How::kBlocking;  // kTimed: it ends by itself
  model::Mode mode = model::Mode::kExclusive;
  SiteIndex site = kNone;
  StackIndex stack = kNone;
  ActorIndex owner = kNone;  // as last seen by the waiter
  SiteIndex owner_site = kNone;
  uint64_t since_ticks = 0;
  uint32_t ticket = 0;  // of a wait to be notified
};

struct EndState {
  ActorState state = ActorState::kRunning;
  std::vector<Hold> held;    // outermost first
  std::optional<Wait> wait;  // iff kBlocked
  bool exiting = false;      // this actor recorded the process's exit
  // Of a coroutine that is suspended with locks of threads held: where.
  SiteIndex awaits = kNone;
  // When the process exited normally while this actor was blocked: the wait is
  // in `wait`, the state is kGone, and the state is judged just before the
  // exit.
};

// A request was refused, because it had closed a deadlock, or gave up, or
// nobody was left who would have resumed coroutines: who
// waited at that moment, this one included. Where the waits of others ended at
// the same tick they may be in it or not.
struct RefusedMoment {
  struct Waiting {
    ActorIndex actor = kNone;
    std::vector<Hold> held;  // outermost first
    Wait wait;
  };
  ActorIndex actor = kNone;  // whose request it was
  uint64_t ticks = 0;
  bool timed_out = false;  // it gave up by itself, in a cycle or not
  // It was no request: nobody was left who would have resumed these.
  std::vector<ActorIndex> left;
  std::vector<Waiting> waiting;
};

// An actor's latest act that ends waits for an object: of a condition variable,
// a notification; to clear an event is none. Between two waits that begin,
// those that find nobody come after those that wake somebody up.
struct Notification {
  ActorIndex actor = kNone;
  ObjectIndex object = kNone;
  SiteIndex site = kNone;
  uint32_t next_ticket = 0;  // every wait with a smaller one began before
  bool woke_nobody = false;
};

// An actor that waits to be signalled and has a slot of a pool meanwhile, in
// which tasks that were submitted have none.
struct Starved {
  ActorIndex actor = kNone;
  ObjectIndex pool = kNone;
};

// An actor that slept in a wait that is none of lockcheck's.
struct Elsewhere {
  ActorIndex actor = kNone;
  ActorIndex joined = kNone;  // whose end it waits for; kNone: not known
};

// What such a wait is for, if that is not known. No object of the recording.
inline constexpr ObjectIndex kUnseen = kNone - 1;

// The runtime saw that nobody in the process could end any of its waits, and
// that nothing else could. `actor` is the runtime's own thread, which said so.
struct Quiescence {
  ActorIndex actor = kNone;
  uint64_t ticks = 0;
  std::vector<Starved> starved;  // each by the pool that it is in the way of
  std::vector<Elsewhere> elsewhere;
  // Nobody in the process, but another one could (NoteKind::kQuiescentAcross).
  bool across = false;
};

struct MisuseEvent {
  model::Misuse misuse{};
  ActorIndex actor = kNone;
  ObjectIndex object = kNone;
  SiteIndex site = kNone;
  ActorIndex owner = kNone;
  StackIndex stack = kNone;
  uint64_t ticks = 0;
  uint64_t count = 1;  // equal misuses by one actor at one site are merged
};

// A process died while one of its actors held a lock between processes.
struct OwnerDeath {
  ActorIndex owner = kNone;  // kNone: not known
  ObjectIndex object = kNone;
  SiteIndex held_site = kNone;
  ActorIndex next = kNone;  // who had it next and was told; kNone: nobody yet
  SiteIndex next_site = kNone;
  uint64_t ticks = 0;  // of that; 0: not known
};

// A coroutine was suspended with a lock of threads held.
struct HeldAcrossAwait {
  ActorIndex actor = kNone;
  Hold hold;
  SiteIndex site = kNone;  // of the await
  bool elsewhere = false;  // went on with it in another thread
  uint64_t count = 0;
};

// A coroutine did not let its thread go for long.
struct ThreadKept {
  ActorIndex actor = kNone;
  SiteIndex site = kNone;  // of the await from which it had gone on, or of its
                           // function if it had begun
  uint64_t ns = 0;         // at most
  uint32_t ready = 0;      // others that could have gone on, at most
  uint64_t count = 0;
};

// A coroutine waited without being suspended.
struct ThreadBlocked {
  ActorIndex actor = kNone;
  ObjectIndex object = kNone;
  SiteIndex site = kNone;
  model::How how = model::How::kBlocking;
  uint32_t ready = 0;
  uint64_t count = 0;
};

// The runtime saw that a coroutine, which is suspended, can be resumed only by
// threads that wait until then: in the name of `carrier`, for instance.
struct NoCarrier {
  ActorIndex said_by = kNone;
  ActorIndex coroutine = kNone;
  ActorIndex carrier = kNone;
  uint64_t ticks = 0;
};

// A process was forked while its threads held locks of threads, and the child
// went on.
struct ForkedUnder {
  struct Held {  // by another thread: nobody in the child holds the copy
    ActorIndex holder = kNone;
    ObjectIndex object = kNone;  // the parent's
    SiteIndex site = kNone;
  };
  struct Inherited {  // by who forked, and in the child when it asked for
                      // `wants`
    Hold hold;        // the child's copy
    ObjectIndex wants = kNone;
    model::Mode mode = model::Mode::kExclusive;
    model::How how = model::How::kBlocking;
    SiteIndex site = kNone;
  };
  ActorIndex child = kNone;   // that continues who forked
  ActorIndex forker = kNone;  // kNone: not known, nor is `site`
  SiteIndex site = kNone;     // of the fork
  std::vector<Held> held;
  std::vector<Inherited> inherited;
};

struct Observations {
  const log::Recording* recording = nullptr;
  // Objects 0..recording->objects.size()-1 are the recording's; END(actor) of
  // actor a is object recording->objects.size() + a.
  ObjectIndex end_object(ActorIndex actor) const {
    return static_cast<ObjectIndex>(object_count + actor);
  }
  bool is_end_object(ObjectIndex object) const {
    return object < kUnseen && object >= object_count;
  }
  // What ends a wait for it is no actor.
  bool ends_outside(ObjectIndex object) const {
    return recording != nullptr && object < object_count &&
           model::PrimitiveOf(recording->objects[object].kind).outside;
  }
  // Nobody who waits for it is idle.
  bool is_owed(ObjectIndex object) const {
    return recording != nullptr && object < object_count &&
           model::PrimitiveOf(recording->objects[object].kind).owed;
  }
  ActorIndex actor_of_end(ObjectIndex object) const {
    return static_cast<ActorIndex>(object - object_count);
  }
  size_t object_count = 0;  // == recording->objects.size()
  size_t actor_count = 0;   // == recording->actors.size()

  std::vector<Dependency> dependencies;
  std::vector<Request> requests;       // those made while nothing was held
  std::vector<PhaseEdge> phase_edges;  // between different actors only
  std::vector<uint32_t> phase_count;   // per actor, at least 1
  // Per actor: the worker that runs it, a task, if its pool has no other. Its
  // tasks come one after the other, but in which order is for who submits them.
  std::vector<ActorIndex> alone_on;
  std::vector<bool> was_joined;    // per actor
  bool has_unseen_actors = false;  // some were started and recorded nothing
  std::vector<EndState> end;       // per actor
  std::vector<MisuseEvent> misuses;
  std::vector<Notification> notifications;  // one per actor and object
  std::vector<RefusedMoment> refused;
  std::vector<Quiescence> quiescences;
  std::vector<OwnerDeath> owner_deaths;
  std::vector<HeldAcrossAwait> held_across;
  std::vector<ThreadKept> thread_kept;
  std::vector<ThreadBlocked> blocked_thread;
  std::vector<NoCarrier> no_carrier;
  std::vector<ForkedUnder> forked_under;
  // Of mode=live: what was new is there, but not what the program's signals put
  // in order.
  bool is_live = false;
  // A thread of the runtime's own: it waits for nobody and signals nobody.
  bool is_the_runtimes(ActorIndex actor) const {
    return std::any_of(quiescences.begin(), quiescences.end(),
                       [&](const Quiescence& q) { return q.actor == actor; });
  }
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_OBSERVATIONS_H_
