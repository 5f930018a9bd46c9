// What must have happened before an event of a trace can: which act ended a
// wait, which arrivals opened a barrier, and who else can end a wait.
//
// Each object has a role, read from its row in lib/model. The units that a
// counting object has (permits, items, room) are given out in the order in
// which they were posted: the i-th unit to the i-th take, by the numbers that
// the acts have in the log. What is begun and waited for as a whole is over
// when all that had been is (outstanding.h). So an event is kept together with
// what it was seen to need, which is
// more than it would need: what is found like that can happen if these acts
// belong together.
//
// An object whose acts do not add up (records are missing, or it is used in a
// way that is not understood) has no role: no wait for it is looked at, and it
// orders nothing.
//
// Cost: O(n log n) in the events. Thread safety: const after construction.
#ifndef LOCKCHECK_LIB_ANALYSIS_TRACE_ORDER_H_
#define LOCKCHECK_LIB_ANALYSIS_TRACE_ORDER_H_

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "lib/analysis/task_pools.h"
#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

// The arrivals, sets, notifications, ... of one actor on one object.
struct Poster {
  ActorIndex actor = kNone;
  uint32_t last = 0;  // index of its last post
};

struct ObjectActs {
  Role role = Role::kUnknown;
  uint32_t initial = 0;
  std::vector<EventRef> posts;  // that end waits, in the object's order
  // kAllArrive: the ends of completion functions, by phase.
  std::vector<EventRef> completions;
  std::vector<EventRef> starts;  // kOutstanding: of what the posts end
  // Of a queue's items: the end that has them, until they are done.
  ObjectIndex end = kNone;
  // kUnits: who posted each unit that is no initial one, as far as they were
  // taken.
  std::vector<EventRef> post_of_unit;
  std::vector<EventRef> takes;    // kUnits: in the object's order
  std::vector<EventRef> changes;  // kFlag: sets and clears, in order
  // kCondition: predicates that were found true, and whether each was so after
  // a notification only. If not, it may need none.
  std::vector<EventRef> found;
  bool found_when_notified = false;
  // kCondition, kFlag: posts that woke somebody, and the beginnings of waits,
  // by ticket.
  std::vector<EventRef> wakers;
  std::vector<EventRef> begins;
  std::vector<EventRef> closes;
  std::vector<EventRef> runs;    // of a once_flag: the ends of its functions
  std::vector<EventRef> writes;  // kData: by version
  bool is_room = false;          // kUnits: of a queue
  std::vector<Poster> posters;   // one for each actor, closes included
  // kOutstanding: the posts of each of these.
  std::vector<std::vector<EventRef>> posts_of;
  // And, of a queue of which each ends only what it got: its gets. Then who has
  // one that is not over is needed, whoever ends others. Empty: it is not so.
  std::vector<std::vector<EventRef>> gets_of;
  // Of room in a queue, its items, and the other way round: one of both is
  // always there. kNone: not known, or none.
  ObjectIndex partner = kNone;
};

class TraceOrder {
 public:
  explicit TraceOrder(const Trace& trace);

  const ObjectActs& Of(ObjectIndex object) const { return objects_[object]; }
  const TaskPools& pools() const { return pools_; }
  // What has to be there before the event is, other than what its actor did.
  // Of locks nothing: that depends on what else is there; but who passes a
  // once_flag needs the end of its function.
  void Needs(EventRef ref, std::vector<EventRef>& needs) const;
  bool IsLatch(ObjectIndex object) const;
  // Whether the object is room in a queue: which of it one gets is all the
  // same.
  bool IsRoom(ObjectIndex object) const { return objects_[object].is_room; }
  // kUnits: how many units were given out before the take.
  uint32_t Rank(EventRef take) const { return NumberOf(take); }
  // kUnits: the number of the first one that the post adds.
  uint32_t FirstUnit(EventRef post) const { return NumberOf(post); }
  // kAllArrive: the arrivals of a phase; of a latch, all.
  std::span<const EventRef> Arrivals(ObjectIndex object, uint32_t phase) const;
  // kAllArrive: the end of that phase's completion function; not known: it has
  // none. Who runs it is who arrives last.
  EventRef Completion(ObjectIndex object, uint32_t phase) const;

 private:
  void Collect();
  void FindRole(ObjectIndex object);
  bool IsOnceFlag(ObjectIndex object) const;
  void NeedWrite(const Event& access, std::vector<EventRef>& needs) const;
  void AddReleased(const Event& post, std::vector<EventRef>& needs) const;
  void AddTaskBefore(EventRef ref, std::vector<EventRef>& needs) const;
  EventRef WakerOf(const ObjectActs& acts, uint32_t ticket) const;
  bool OrderUnits(ObjectActs& acts);
  bool OrderArrivals(ObjectActs& acts);
  bool OrderOutstandingOf(ObjectIndex object);
  void NeedArrivals(ObjectIndex object, uint32_t phase,
                    std::vector<EventRef>& needs) const;
  bool RunsCompletion(EventRef arrival) const;
  void NeedEnds(EventRef take, std::vector<EventRef>& needs) const;
  bool OrderChanges(ObjectActs& acts);
  bool OrderWakers(ObjectActs& acts);
  bool Orders(ObjectActs& acts);
  bool IsFoundWhenNotified(const ObjectActs& acts) const;
  uint32_t LastHandover(EventRef before, ObjectIndex lock) const;
  void FindPosters(ObjectActs& acts) const;
  void FindPartner(ObjectIndex room);
  uint32_t NumberOf(EventRef ref) const {
    return numbers_[ref.actor][ref.index];
  }
  void Number(EventRef ref, uint64_t number);
  uint32_t OrderOf(EventRef ref) const { return trace_.At(ref).order; }
  void SortByOrder(std::vector<EventRef>& refs) const;
  // Of sorted ones, those with this order.
  using RefIterator = std::vector<EventRef>::const_iterator;
  std::pair<RefIterator, RefIterator> WithOrder(
      const std::vector<EventRef>& refs, uint32_t order) const;

  const Trace& trace_;
  const TaskPools pools_;
  std::vector<ObjectActs> objects_;
  // By event. kUnits: of a unit. kOutstanding: of an end, and of a take how
  // many ends there were before it.
  std::vector<std::vector<uint32_t>> numbers_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_TRACE_ORDER_H_
