#include "lib/analysis/must_meet.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "lib/analysis/reads_first.h"

namespace lockcheck::analysis {
namespace {

using Times = std::vector<EventRef>;

// Of which all are tried.
constexpr size_t kMostCombinations = 100;

void Begin(const TraceOrder& order, Requests requests, MustPrecede& must) {
  must.Clear();
  for (const TraceNode* node : requests) {
    for (const Hold& hold : node->held) {
      if (order.Of(hold.object).role == Role::kLock) {
        must.HoldAtEnd(node->actor, hold);
      }
    }
  }
}

std::vector<uint32_t> LengthOf(const Trace& trace, const MustPrecede& must) {
  std::vector<uint32_t> length(trace.actors.size());
  for (ActorIndex a = 0; a < length.size(); ++a) length[a] = must.Length(a);
  return length;
}

// By what each actor does, fork and join, what is held in the end, and who has
// seen which write alone.
class Orders {
 public:
  Orders(const Trace& trace, const TraceOrder& order, const Times& times,
         const MustPrecede& must)
      : trace_(trace),
        order_(order),
        at_(trace.actors.size()),
        length_(LengthOf(trace, must)),
        reads_first_(trace, length_) {
    for (ActorIndex a = 0; a < length_.size(); ++a) {
      if (length_[a] != 0) left_.push_back(a);
    }
    for (const EventRef time : times) FindHeldAtEnd(time);
  }

  bool HaveNoCircle() {
    for (bool moved = true; moved;) {
      moved = false;
      for (const ActorIndex a : left_) {
        while (at_[a] < length_[a] && CanDo({a, at_[a]})) {
          ++at_[a];
          moved = true;
        }
      }
      std::erase_if(left_, [&](ActorIndex a) { return at_[a] == length_[a]; });
    }
    return left_.empty();
  }

 private:
  struct HeldAtEnd {
    EventRef taken;
    std::vector<EventRef> after;  // the others' last releases
  };

  void FindHeldAtEnd(EventRef time) {
    const auto& events = trace_.actors[time.actor].events;
    for (uint32_t i = 0; i < time.index; ++i) {
      const Event& e = events[i];
      if (e.kind != EventKind::kAcquire ||
          (e.match != kNone && e.match < time.index)) {
        continue;
      }
      HeldAtEnd& held = held_.emplace_back();
      held.taken = {time.actor, i};
      for (const ActorIndex other : left_) {
        if (other != time.actor) AddLastRelease(other, e, held.after);
      }
    }
  }

  void AddLastRelease(ActorIndex actor, const Event& taken,
                      std::vector<EventRef>& after) const {
    for (uint32_t i = length_[actor]; i-- > 0;) {
      const Event& e = trace_.actors[actor].events[i];
      if (e.kind == EventKind::kRelease && e.object == taken.object &&
          Exclude(e.mode, taken.mode)) {
        after.push_back({actor, i});
        return;
      }
    }
  }

  bool IsDone(EventRef ref) const { return ref.index < at_[ref.actor]; }

  // What it saw was written, or is not in the trace.
  bool CanAccess(EventRef ref, const Event& e) {
    if (SeesVersion(e.kind)) {
      writes_.clear();
      order_.Needs(ref, writes_);
      for (const EventRef write : writes_) {
        if (write.index < length_[write.actor] && !IsDone(write)) return false;
      }
    }
    return !MakesVersion(e.kind) || reads_first_.IsMet(ref, e, at_);
  }

  bool CanDo(EventRef ref) {
    const EventRef forked_by = trace_.actors[ref.actor].forked_by;
    if (forked_by.known() && !IsDone(forked_by)) return false;
    const Event& e = trace_.At(ref);
    if (e.kind == EventKind::kJoin) {
      return at_[e.object] == trace_.actors[e.object].events.size();
    }
    if (IsAccess(e.kind)) return CanAccess(ref, e);
    if (e.kind != EventKind::kAcquire) return true;
    return std::all_of(held_.begin(), held_.end(), [&](const HeldAtEnd& h) {
      return !(h.taken == ref) ||
             std::all_of(h.after.begin(), h.after.end(),
                         [&](EventRef release) { return IsDone(release); });
    });
  }

  const Trace& trace_;
  const TraceOrder& order_;
  std::vector<uint32_t> at_;            // by actor
  const std::vector<uint32_t> length_;  // by actor
  ReadsFirst reads_first_;
  std::vector<EventRef> writes_;
  std::vector<ActorIndex> left_;  // that are not at their ends
  std::vector<HeldAtEnd> held_;
};

bool MayMeetAt(const Trace& trace, const TraceOrder& order, Requests requests,
               const Times& times, MustPrecede& must) {
  Begin(order, requests, must);
  for (const EventRef time : times) must.Grow(time.actor, time.index);
  return must.is_possible() &&
         std::none_of(times.begin(), times.end(),
                      [&](EventRef time) { return must.Has(time); }) &&
         Orders(trace, order, times, must).HaveNoCircle();
}

}  // namespace

std::optional<std::vector<EventRef>> FirstThatMeet(const TraceOrder& order,
                                                   Requests requests,
                                                   MustPrecede& must,
                                                   bool with_holds) {
  must.Clear();
  if (with_holds) Begin(order, requests, must);
  std::vector<size_t> instance(requests.size());
  for (const TraceNode* node : requests) must.Grow(node->actor, node->at[0]);
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t i = 0; i < requests.size(); ++i) {
      const TraceNode& node = *requests[i];
      while (must.Has({node.actor, node.at[instance[i]]})) {
        moved = true;
        if (++instance[i] == node.at.size()) return std::nullopt;
      }
      if (moved) must.Grow(node.actor, node.at[instance[i]]);
    }
  }
  if (!must.is_possible()) return std::nullopt;
  Times times;
  for (size_t i = 0; i < requests.size(); ++i) {
    times.push_back({requests[i]->actor, requests[i]->at[instance[i]]});
  }
  return times;
}

bool SomeMayMeet(const Trace& trace, const TraceOrder& order, Requests requests,
                 MustPrecede& must) {
  size_t combinations = 1;
  for (const TraceNode* node : requests) {
    combinations *= node->at.size();
    if (combinations > kMostCombinations) return true;
  }
  Times times(requests.size());
  for (size_t number = 0; number < combinations; ++number) {
    size_t rest = number;
    for (size_t i = 0; i < requests.size(); ++i) {
      const TraceNode& node = *requests[i];
      times[i] = {node.actor, node.at[rest % node.at.size()]};
      rest /= node.at.size();
    }
    if (MayMeetAt(trace, order, requests, times, must)) return true;
  }
  return false;
}

}  // namespace lockcheck::analysis
