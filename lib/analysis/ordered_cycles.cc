#include "lib/analysis/ordered_cycles.h"

#include <algorithm>
#include <map>

#include "lib/analysis/must_precede.h"
#include "lib/analysis/trace_order.h"
#include "lib/analysis/wait_nodes.h"

namespace lockcheck::analysis {
namespace {

bool IsAsked(const Trace& trace, const Finding& finding) {
  return finding.rule == Rule::kLockOrder &&
         finding.verdict == Verdict::kPossible &&
         std::all_of(
             finding.parts.begin(), finding.parts.end(), [&](const Part& part) {
               return part.how == model::How::kBlocking &&
                      part.wants < trace.objects.size() && !part.holds.empty();
             });
}

class Choices {
 public:
  Choices(const Trace& trace, const TraceOrder& order,
          const std::vector<TraceNode>& nodes,
          const OrderedCyclesOptions& options)
      : order_(order), nodes_(nodes), options_(options), must_(trace, order) {}

  // Why no choice can happen; nothing: one can, or a bound was reached.
  std::optional<Reason> WhyNone(const Finding& finding, ObjectIndex& gate) {
    parts_.assign(finding.parts.size(), {});
    for (size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = finding.parts[i];
      for (const TraceNode& node : nodes_) {
        if (node.kind == EventKind::kAcquire && node.object == part.wants &&
            Keeps(node, part.holds.front().object)) {
          parts_[i].push_back(&node);
        }
      }
      if (parts_[i].empty()) return std::nullopt;
    }
    chosen_.clear();
    choices_ = 0;
    was_ordered_ = false;
    short_of_ = kNone;
    if (SomeChoiceCan() || (!was_ordered_ && short_of_ == kNone)) {
      return std::nullopt;
    }
    gate = was_ordered_ ? kNone : short_of_;
    return was_ordered_ ? Reason::kHistory : Reason::kGate;
  }

 private:
  static bool Keeps(const TraceNode& node, ObjectIndex object) {
    return std::any_of(node.held.begin(), node.held.end(),
                       [&](const Hold& h) { return h.object == object; });
  }

  bool Fits(const TraceNode& node) const {
    return std::all_of(
        chosen_.begin(), chosen_.end(), [&](const TraceNode* other) {
          return other->actor != node.actor &&
                 std::none_of(node.held.begin(), node.held.end(),
                              [&](const Hold& h) {
                                return other->Holds(h.object, h.mode);
                              });
        });
  }

  // A bound counts as "can".
  bool SomeChoiceCan() {
    if (chosen_.size() == parts_.size()) {
      if (++choices_ > options_.max_choices ||
          must_.taken_in() > options_.max_work) {
        return true;
      }
      return HasPermits() && MeetSomewhere();
    }
    for (const TraceNode* node : parts_[chosen_.size()]) {
      if (!Fits(*node)) continue;
      chosen_.push_back(node);
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

  // The first instances of all, of which none must precede another.
  bool MeetSomewhere() {
    must_.Clear();
    std::vector<size_t> instance(chosen_.size());
    for (size_t i = 0; i < chosen_.size(); ++i) {
      must_.Grow(chosen_[i]->actor, chosen_[i]->at[0]);
    }
    for (bool moved = true; moved;) {
      moved = false;
      for (size_t i = 0; i < chosen_.size(); ++i) {
        const TraceNode& node = *chosen_[i];
        while (must_.Has({node.actor, node.at[instance[i]]})) {
          moved = true;
          if (++instance[i] == node.at.size()) {
            was_ordered_ = true;
            return false;
          }
        }
        if (moved) must_.Grow(node.actor, node.at[instance[i]]);
      }
    }
    return true;
  }

  const TraceOrder& order_;
  const std::vector<TraceNode>& nodes_;
  const OrderedCyclesOptions& options_;
  MustPrecede must_;
  std::vector<std::vector<const TraceNode*>> parts_;
  std::vector<const TraceNode*> chosen_;
  size_t choices_ = 0;
  bool was_ordered_ = false;
  ObjectIndex short_of_ = kNone;  // permits that some choice has too few of
};

}  // namespace

void RefuteOrderedCycles(const Trace& trace,
                         const OrderedCyclesOptions& options,
                         std::vector<Finding>& findings) {
  // What was not read might do the same in another order.
  if (!trace.cut.empty() || trace.incomplete || trace.partial) return;
  const auto asked = [&](const Finding& f) { return IsAsked(trace, f); };
  if (std::none_of(findings.begin(), findings.end(), asked)) return;
  const TraceOrder order(trace);
  const NodesOfTrace places = AllWaitNodes(trace, order, options.max_nodes);
  if (places.cut) return;
  Choices choices(trace, order, places.nodes, options);
  for (Finding& finding : findings) {
    if (!asked(finding)) continue;
    ObjectIndex gate = kNone;
    const auto reason = choices.WhyNone(finding, gate);
    if (!reason) continue;
    finding.verdict = Verdict::kRefuted;
    finding.reason = reason;
    finding.gate = gate;
    finding.order_violation = options.policy == Policy::kOrder;
  }
}

}  // namespace lockcheck::analysis
