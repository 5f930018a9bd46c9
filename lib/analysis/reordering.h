// The least part of a trace that has some events in it and could have happened
// alone: a beginning of what each actor did.
//
// Algorithm: the sync-preserving closure of Tunç, Mathur, Pavlogiannis and
// Viswanathan (PLDI 2023), with what each event needs by trace_order.h. The
// part is closed under each actor's order and under those needs, and of two
// acquisitions of a lock in it that exclude each other, the release of the one
// that was first is in it, too. So the events of the part, in the order in
// which they were seen, are a run that the locks and the other objects allow.
//
// The part only grows, so all work on it is linear in the events that come in.
// Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_REORDERING_H_
#define LOCKCHECK_LIB_ANALYSIS_REORDERING_H_

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

// Whether who puts into a queue gets the room that it was seen to get, or any.
// Then the part need not be a run: can_be_run.h asks that.
enum class Room : uint8_t { kAsSeen, kAny };

class Reordering {
 public:
  Reordering(const Trace& trace, const TraceOrder& order);

  // Begins anew, with nothing. Cost: that of what was taken in, and the actors.
  void Clear(Room room = Room::kAsSeen);

  // Takes in the actor's first `length` events, and all that they need. False:
  // they need what is not in the trace, and the part is of no use any more.
  bool Grow(ActorIndex actor, uint32_t length);
  bool Grow(EventRef upto) { return Grow(upto.actor, upto.index + 1); }

  // How many events of the actor are in it.
  uint32_t Length(ActorIndex actor) const { return length_[actor]; }
  bool Has(EventRef ref) const { return ref.index < length_[ref.actor]; }
  // What the actor does next; null: nothing more in this trace.
  const Event* Next(ActorIndex actor) const;
  uint64_t taken_in() const { return taken_in_; }  // events: a measure of work

  // ---- How things stand after it ----
  // Who holds the lock such that a request in this mode has to wait.
  std::vector<ActorIndex> Holders(ObjectIndex lock, model::Mode mode) const;
  // kPermits: who has one.
  std::vector<ActorIndex> PermitHolders(ObjectIndex object) const;
  // kUnits and kPermits: how many are left. kOutstanding: how much is not over.
  int64_t Stock(ObjectIndex object) const {
    return order_.Of(object).initial + objects_[object].gained;
  }
  // kUnits: the take that got one of those that are there, as far as was seen;
  // not known: nobody did. There must be one.
  EventRef TakeOfUnit(ObjectIndex object);
  // kPermits: one of which more are out than there are; kNone: of none. Else it
  // could not have happened.
  ObjectIndex Owed() const;
  // kPermits: the takes that are out, those first that came in first.
  const std::vector<EventRef>& TakesOut(ObjectIndex object);
  // kPermits: who keeps one may have got it before others needed all of them.
  // Then can_be_run.h is to be asked.
  bool MayOwePermits() const;
  bool IsClosed(ObjectIndex object) const;
  // kFlag: it was set when it was set already, so nobody knows between which
  // changes.
  bool IsSetSomeTime(ObjectIndex object) const {
    return objects_[object].set_some_time;
  }
  // kAllArrive: all have arrived in that phase, and what was to be done then
  // is.
  bool IsOver(ObjectIndex barrier, uint32_t phase) const;
  // kCondition: the next ticket at its last notification; 0: there was none.
  uint32_t NotifiedAt(ObjectIndex object) const {
    return objects_[object].notified_at;
  }
  // kFlag: its last change; not known: there was none.
  EventRef LastChange(ObjectIndex object) const {
    return objects_[object].last_change;
  }

 private:
  struct ObjectState {
    bool touched = false;
    // Locks. By mode: the acquisition that comes last of those taken in.
    std::array<EventRef, 2> last;
    std::vector<EventRef> open;  // whose release need not be in it
    // kPermits: takes, some of which are given back.
    std::vector<EventRef> out;
    // Others.
    int64_t gained = 0;           // less than 0: lost
    uint64_t taken = 0;           // kPermits: in all
    std::vector<uint32_t> units;  // posted, and perhaps taken
    bool has_initial = false;     // they are among `units`
    EventRef last_change;
    bool set_some_time = false;
    uint32_t notified_at = 0;
    absl::flat_hash_map<ActorIndex, int> permits;
  };

  ObjectState& StateOf(ObjectIndex object);
  void TakeIn(EventRef ref);
  void Acquire(EventRef ref, ObjectState& state);
  void CountSignal(EventRef ref, Role role, ObjectState& state);
  void AddUnits(EventRef post, ObjectState& state);
  void NeedRelease(EventRef acquisition);
  void Need(EventRef ref) { needed_.push_back(ref); }
  // Less than 0: a is before b in the lock's order; 0: nobody knows.
  int Compare(EventRef a, EventRef b) const;
  bool IsHeld(EventRef acquisition) const;

  const Trace& trace_;
  const TraceOrder& order_;
  Room room_ = Room::kAsSeen;
  std::vector<uint32_t> length_;
  std::vector<ObjectState> objects_;
  std::vector<ObjectIndex> touched_;  // whose state is not the first one
  std::vector<EventRef> needed_;
  uint64_t taken_in_ = 0;
  bool possible_ = true;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_REORDERING_H_
