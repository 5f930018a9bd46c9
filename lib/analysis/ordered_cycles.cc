#include "lib/analysis/ordered_cycles.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "lib/analysis/cycle_requests.h"
#include "lib/analysis/must_meet.h"
#include "lib/analysis/must_precede.h"
#include "lib/analysis/order_path.h"

namespace lockcheck::analysis {
namespace {

bool IsAsked(const Trace& trace, const Finding& finding) {
  return finding.rule == Rule::kLockOrder &&
         finding.verdict == Verdict::kPossible && CanBeAsked(trace, finding);
}

class Choices {
 public:
  Choices(const Trace& trace, const TraceOrder& order,
          const OrderedCyclesOptions& options)
      : trace_(trace), order_(order), options_(options), must_(trace, order) {
    has_once_flags_ =
        std::any_of(trace.objects.begin(), trace.objects.end(),
                    [](const TraceObject& object) {
                      return object.kind == model::ObjectKind::kOnceFlag;
                    });
    has_variables_ = std::any_of(
        trace.objects.begin(), trace.objects.end(),
        [](const TraceObject& object) { return object.role() == Role::kData; });
  }

  // Why no choice can happen; nothing: one can, or a bound was reached.
  std::optional<Reason> WhyNone(const CycleRequests& requests,
                                ObjectIndex& gate) {
    if (requests.cut) return std::nullopt;
    for (const auto& nodes : requests.of_part) {
      if (nodes.empty()) return std::nullopt;
    }
    requests_ = &requests;
    chosen_.clear();
    choices_ = 0;
    was_ordered_ = false;
    short_of_ = guard_ = kNone;
    if (SomeChoiceCan()) return std::nullopt;
    gate = guard_ != kNone ? guard_ : was_ordered_ ? kNone : short_of_;
    if (guard_ != kNone) return Reason::kGuard;
    if (was_ordered_) return Reason::kHistory;
    if (short_of_ != kNone) return Reason::kGate;
    return std::nullopt;
  }

  void NameOrder(const CycleRequests& requests, Finding& finding) {
    if (must_.taken_in() > options_.max_work) return;
    NameWhatOrders(trace_, requests, must_, finding);
  }

 private:
  bool Fits(const TraceNode& node) const {
    return std::all_of(
        chosen_.begin(), chosen_.end(),
        [&](const TraceNode* other) { return CanBeApart(*other, node); });
  }

  // What `one`, of that part, asks for, the other one has.
  bool IsWaitedFor(const TraceNode& one, const TraceNode& other) const {
    return one.kind == EventKind::kJoin ? one.object == other.actor
                                        : other.Holds(one.object, one.mode);
  }

  // A bound counts as "can".
  bool SomeChoiceCan() {
    if (chosen_.size() == requests_->of_part.size()) {
      if (++choices_ > options_.max_choices ||
          must_.taken_in() > options_.max_work) {
        return true;
      }
      return IsWaitedFor(*chosen_.back(), *chosen_.front()) && HasPermits() &&
             MeetSomewhere();
    }
    for (const TraceNode& node : requests_->of_part[chosen_.size()]) {
      if (!Fits(node)) continue;
      if (!chosen_.empty() && !IsWaitedFor(*chosen_.back(), node)) continue;
      chosen_.push_back(&node);
      const bool can = SomeChoiceCan();
      chosen_.pop_back();
      if (can) return true;
    }
    return false;
  }

  bool HasPermits() {
    std::map<ObjectIndex, uint32_t> taken;
    for (const TraceNode* node : chosen_) {
      for (const Hold& hold : node->held) {
        const ObjectActs& acts = order_.Of(hold.object);
        if (acts.role != Role::kPermits) continue;
        if (++taken[hold.object] > acts.initial) {
          short_of_ = hold.object;
          return false;
        }
      }
    }
    return true;
  }

  bool MeetSomewhere() {
    if (!FirstThatMeet(order_, chosen_, must_, false)) {
      was_ordered_ = true;
      return false;
    }
    // In another order another one runs a once_flag's function, so who had what
    // in it need not have it.
    if (has_once_flags_) return true;
    const bool can = FirstThatMeet(order_, chosen_, must_).has_value();
    const ObjectIndex had_before = must_.let_go_again();
    if (had_before == kNone && !has_variables_) return true;
    if (can && SomeMayMeet(trace_, order_, chosen_, must_)) return true;
    if (had_before == kNone) {
      was_ordered_ = true;
    } else {
      guard_ = had_before;
    }
    return false;
  }

  const Trace& trace_;
  const TraceOrder& order_;
  const OrderedCyclesOptions& options_;
  MustPrecede must_;
  const CycleRequests* requests_ = nullptr;
  std::vector<const TraceNode*> chosen_;
  size_t choices_ = 0;
  bool has_once_flags_ = false;
  bool has_variables_ = false;
  bool was_ordered_ = false;
  ObjectIndex guard_ = kNone;     // had by another one on the way there
  ObjectIndex short_of_ = kNone;  // permits that some choice has too few of
};

}  // namespace

void RefuteOrderedCycles(const Trace& trace, const TraceOrder& order,
                         const OrderedCyclesOptions& options,
                         std::vector<Finding>& findings) {
  // What was not read might do the same in another order.
  if (!trace.cut.empty() || trace.incomplete || trace.partial) return;
  std::vector<Finding*> refuted;
  std::vector<const Finding*> asked;
  for (Finding& finding : findings) {
    if (!IsAsked(trace, finding)) continue;
    refuted.push_back(&finding);
    asked.push_back(&finding);
  }
  if (asked.empty()) return;
  const auto requests = RequestsOf(trace, order, asked, options.max_nodes);
  Choices choices(trace, order, options);
  for (size_t i = 0; i < refuted.size(); ++i) {
    Finding& finding = *refuted[i];
    ObjectIndex gate = kNone;
    const auto reason = choices.WhyNone(requests[i], gate);
    if (!reason) continue;
    finding.verdict = Verdict::kRefuted;
    finding.doubt = Doubt::kNone;
    finding.reason = reason;
    finding.gate = gate;
    // What was assumed was for it to happen; of permits, for it not to.
    if (reason != Reason::kGate) finding.assumes.clear();
    if (reason == Reason::kHistory) choices.NameOrder(requests[i], finding);
    finding.order_violation = options.policy == Policy::kOrder;
  }
}

}  // namespace lockcheck::analysis
