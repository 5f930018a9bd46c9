// What an actor of a trace holds, event by event: locks, and permits as shared
// ones.
#ifndef LOCKCHECK_LIB_ANALYSIS_HELD_NOW_H_
#define LOCKCHECK_LIB_ANALYSIS_HELD_NOW_H_

#include <algorithm>
#include <iterator>
#include <vector>

#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

class HeldNow {
 public:
  explicit HeldNow(const TraceOrder& order) : order_(order) {}

  const std::vector<Hold>& holds() const { return holds_; }

  void Follow(const Event& e) {
    if (e.kind == EventKind::kAcquire) {
      holds_.push_back({e.object, e.mode, e.site});
    } else if (e.kind == EventKind::kRelease) {
      LetGo(e.object);
    } else if (e.kind == EventKind::kTake || e.kind == EventKind::kPost) {
      if (order_.Of(e.object).role != Role::kPermits) return;
      if (e.kind == EventKind::kPost) return LetGo(e.object);
      holds_.push_back({e.object, model::Mode::kShared, e.site});
    }
  }

 private:
  void LetGo(ObjectIndex object) {
    const auto at =
        std::find_if(holds_.rbegin(), holds_.rend(),
                     [&](const Hold& h) { return h.object == object; });
    if (at != holds_.rend()) holds_.erase(std::next(at).base());
  }

  const TraceOrder& order_;
  std::vector<Hold> holds_;  // outermost first
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_HELD_NOW_H_
