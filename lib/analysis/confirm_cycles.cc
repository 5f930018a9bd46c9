#include "lib/analysis/confirm_cycles.h"

#include <algorithm>
#include <optional>

#include "lib/analysis/approach.h"
#include "lib/analysis/cycle_requests.h"
#include "lib/analysis/free_schedule.h"
#include "lib/analysis/must_meet.h"
#include "lib/analysis/schedule.h"
#include "lib/analysis/witness_check.h"
#include "lib/analysis/witness_steps.h"

namespace lockcheck::analysis {
namespace {

class Confirmer {
 public:
  Confirmer(const Trace& trace, const TraceOrder& order,
            const ConfirmOptions& options)
      : trace_(trace),
        order_(order),
        options_(options),
        part_(trace, order),
        check_(trace),
        steps_left_(options.max_all_steps) {}

  void Confirm(Finding& finding, CycleRequests& requests) {
    finding_ = &finding;
    requests_ = &requests;
    question_ = {};
    choices_ = 0;
    was_scheduled_ = cut_ = unseen_start_ = false;
    for (size_t i = 0; i < finding.parts.size(); ++i) {
      auto& nodes = requests.of_part[i];
      if (nodes.empty()) {
        finding.doubt = requests.cut         ? Doubt::kManyWays
                        : trace_.cut.empty() ? Doubt::kNotTold
                                             : Doubt::kCut;
        return;
      }
      // What the finding shows is tried first.
      std::stable_partition(nodes.begin(), nodes.end(),
                            [&](const TraceNode& node) {
                              return node.actor == finding.parts[i].actor;
                            });
    }
    in_any_order_ = false;
    bool found = Choose();
    if (!found) {
      const bool was_cut = cut_;
      in_any_order_ = true;
      choices_ = 0;
      cut_ = work_ > options_.max_work;
      found = Choose();
      cut_ |= was_cut;
    }
    if (found) {
      finding.verdict = Verdict::kConfirmed;
      finding.doubt = Doubt::kNone;
      return;
    }
    finding.doubt = unseen_start_          ? Doubt::kUnseenStart
                    : was_scheduled_       ? Doubt::kNotReplayed
                    : cut_ || requests.cut ? Doubt::kManyWays
                    : trace_.cut.empty()   ? Doubt::kNoSchedule
                                           : Doubt::kCut;
  }

 private:
  bool Choose() {
    const size_t i = question_.waits.size();
    if (i == finding_->parts.size()) {
      return IsWaitedFor(*question_.waits.back(), *question_.waits.front(),
                         i - 1) &&
             Try();
    }
    for (const TraceNode& node : requests_->of_part[i]) {
      if (cut_) return false;
      if (!Fits(node, i)) continue;
      question_.waits.push_back(&node);
      const bool found = Choose();
      question_.waits.pop_back();
      if (found) return true;
    }
    return false;
  }

  bool Fits(const TraceNode& node, size_t i) {
    ++work_;
    if (work_ > options_.max_work) cut_ = true;
    return std::all_of(question_.waits.begin(), question_.waits.end(),
                       [&](const TraceNode* other) {
                         return CanBeApart(*other, node);
                       }) &&
           (i == 0 || IsWaitedFor(*question_.waits.back(), node, i - 1));
  }

  // What `one`, of that part, asks for, the other one has.
  bool IsWaitedFor(const TraceNode& one, const TraceNode& other,
                   size_t part) const {
    const ObjectIndex wants = finding_->parts[part].wants;
    return wants >= trace_.objects.size()
               ? wants - trace_.objects.size() == other.actor
               : other.Holds(wants, one.mode);
  }

  bool Try() {
    if (++choices_ > options_.max_choices) cut_ = true;
    if (cut_) return false;
    work_ += trace_.actors.size() / 16 + 1;
    return in_any_order_ ? TryInAnyOrder() : TryInTheirOrder();
  }

  // Each lock is taken in the order that was seen.
  bool TryInTheirOrder() {
    Approach approach(trace_, order_, question_, Room::kAsSeen, part_);
    const bool arrives = approach.Arrive();
    work_ += part_.taken_in();
    if (!arrives) return false;
    std::vector<uint32_t> length(trace_.actors.size());
    for (ActorIndex a = 0; a < length.size(); ++a) length[a] = part_.Length(a);
    work_ += part_.taken_in();
    return KeepIfChecked(ScheduleOf(trace_, order_, length));
  }

  bool TryInAnyOrder() {
    if (!must_) must_.emplace(trace_, order_);
    const uint64_t before = must_->taken_in();
    const auto ends = FirstThatMeet(order_, question_.waits, *must_);
    work_ += must_->taken_in() - before;
    if (!ends) return false;
    std::vector<uint32_t> length(trace_.actors.size());
    uint64_t all = 0;
    for (ActorIndex a = 0; a < length.size(); ++a) {
      length[a] = must_->Length(a);
      all += length[a];
    }
    return KeepIfChecked(FreeScheduleOf(trace_, order_, *ends, length,
                                        options_.max_steps_of_search + 4 * all,
                                        work_));
  }

  bool KeepIfChecked(const std::optional<std::vector<ActorIndex>>& schedule) {
    if (!schedule) return false;
    was_scheduled_ = true;
    std::vector<WitnessWait> waits;
    for (const TraceNode* node : question_.waits) {
      waits.push_back(
          {node->actor, node->kind, node->object, node->mode, node->of_many});
    }
    if (!check_.LeadsToDeadlock(*schedule, waits)) return false;
    if (!AreSeenToStart(*schedule)) return false;
    Keep(*schedule);
    if (in_any_order_) {
      finding_->assumes.emplace_back(
          "sections of a lock can come in another order than was seen, and "
          "each of these actors does the same then");
    }
    return true;
  }

  // Who is not may have been started after what the others do.
  bool AreSeenToStart(const std::vector<ActorIndex>& schedule) {
    const auto unseen = [&](ActorIndex a) {
      return trace_.actors[a].unseen_start;
    };
    if (std::none_of(schedule.begin(), schedule.end(), unseen) &&
        std::none_of(
            question_.waits.begin(), question_.waits.end(),
            [&](const TraceNode* node) { return unseen(node->actor); })) {
      return true;
    }
    unseen_start_ = true;
    return false;
  }

  void Keep(const std::vector<ActorIndex>& schedule) {
    for (size_t i = 0; i < finding_->parts.size(); ++i) {
      if (finding_->parts[i].actor != question_.waits[i]->actor) {
        Show(*question_.waits[i], finding_->parts[i]);
      }
    }
    finding_->witness = WitnessOf(trace_, order_, schedule, finding_->parts,
                                  std::min(options_.max_steps, steps_left_));
    steps_left_ -= std::min(steps_left_, finding_->witness.steps.size());
  }

  // Of others than the part showed so far; what they hold outside the cycle may
  // differ.
  void Show(const TraceNode& node, Part& part) const {
    const Hold has = part.holds.front();
    part.actor = node.actor;
    part.mode = node.mode;
    part.stack = kNone;
    part.count = node.at.size();
    part.holds = node.held;
    part.outer = 0;
    if (has.object >= trace_.objects.size()) {
      part.holds.insert(part.holds.begin(), has);
      return;
    }
    const auto hold =
        std::find_if(part.holds.begin(), part.holds.end(), [&](const Hold& h) {
          return h.object == has.object &&
                 (has.site == kNone || h.site == has.site);
        });
    part.outer = static_cast<uint32_t>(hold - part.holds.begin());
    std::rotate(part.holds.begin(), hold, hold + 1);
  }

  const Trace& trace_;
  const TraceOrder& order_;
  const ConfirmOptions& options_;
  Reordering part_;
  WitnessCheck check_;
  std::optional<MustPrecede> must_;  // when it is needed
  size_t steps_left_;
  Finding* finding_ = nullptr;
  CycleRequests* requests_ = nullptr;
  StandstillQuestion question_;
  size_t choices_ = 0;
  uint64_t work_ = 0;
  bool was_scheduled_ = false;
  bool cut_ = false;
  bool in_any_order_ = false;  // if none is found otherwise
  bool unseen_start_ = false;  // of somebody in a schedule that was found
};

}  // namespace

void ConfirmCycles(const Trace& trace, const TraceOrder& order,
                   const ConfirmOptions& options,
                   const std::vector<Finding*>& findings) {
  std::vector<const Finding*> asked;
  std::vector<Finding*> confirmed;
  for (Finding* finding : findings) {
    if (finding->doubt == Doubt::kManyAtOnce) continue;
    if (CanBeAsked(trace, *finding)) {
      asked.push_back(finding);
      confirmed.push_back(finding);
    } else {
      finding->doubt = Doubt::kNotTold;
    }
  }
  if (asked.empty()) return;
  auto requests = RequestsOf(trace, order, asked, options.max_nodes);
  Confirmer confirmer(trace, order, options);
  for (size_t i = 0; i < asked.size(); ++i) {
    confirmer.Confirm(*confirmed[i], requests[i]);
  }
}

}  // namespace lockcheck::analysis
