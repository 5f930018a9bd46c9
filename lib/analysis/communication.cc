#include "lib/analysis/communication.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "lib/analysis/communication_finding.h"
#include "lib/analysis/confirm_communication.h"
#include "lib/analysis/meetings.h"
#include "lib/analysis/reordering.h"
#include "lib/analysis/standstill.h"
#include "lib/analysis/trace_order.h"
#include "lib/analysis/wait_nodes.h"

namespace lockcheck::analysis {
namespace {

class Search {
 public:
  Search(const Trace& trace, const CommunicationOptions& options)
      : trace_(trace),
        options_(options),
        order_(trace),
        places_(WaitNodes(trace, order_, options.max_nodes)),
        first_of_actor_(trace.actors.size() + 1),
        chosen_of_(trace.actors.size(), nullptr),
        is_spent_(trace.actors.size()),
        last_holder_(trace.objects.size(), nullptr),
        is_alone_(nodes_.size()) {
    for (const TraceNode& node : nodes_) ++first_of_actor_[node.actor + 1];
    for (size_t a = 1; a < first_of_actor_.size(); ++a) {
      first_of_actor_[a] += first_of_actor_[a - 1];
    }
    for (const TraceNode& node : nodes_) {
      for (const Hold& hold : node.held) holders_[hold.object].push_back(&node);
      some_is_cleared_ |= node.is_signal() && IsCleared(order_.Of(node.object));
    }
  }

  // From waits for permits at last: most of those who have some are known to be
  // in no set then.
  void Find(Findings& result) {
    found_ = &result;
    for (const bool permits : {false, true}) {
      for (const TraceNode& node : nodes_) {
        if (cut_) return;
        if (node.is_signal() && IsForPermits(node) == permits) FindFrom(node);
      }
    }
  }

  bool cut() const { return cut_ || too_many_actors_ || places_.cut; }

 private:
  using Alternatives = std::vector<const TraceNode*>;

  void FindFrom(const TraceNode& start) {
    start_ = &start;
    question_ = {};
    some_set_ = false;
    one_is_enough_ = true;
    one_was_enough_ = false;
    if (!Choose(start) && one_was_enough_) {
      one_is_enough_ = false;
      Choose(start);
    }
    is_alone_[IndexOf(start)] = !cut_ && !some_set_ && !some_is_cleared_;
  }

  // ---- The set ----
  bool Choose(const TraceNode& node) {
    ++work_.events;
    if (cut_ || !Fits(node)) return cut_;
    cut_ = ++sets_ > options_.max_sets ||
           work_.events + meetings_.work() > options_.max_work;
    if (cut_) return true;
    if (question_.waits.size() == options_.max_actors) {
      some_set_ = too_many_actors_ = true;
      return false;
    }
    question_.waits.push_back(&node);
    chosen_of_[node.actor] = &node;
    const bool found = Complete();
    question_.waits.pop_back();
    chosen_of_[node.actor] = nullptr;
    return found;
  }

  bool Fits(const TraceNode& node) {
    if (chosen_of_[node.actor] != nullptr || is_alone_[IndexOf(node)]) {
      return false;
    }
    const ObjectIndex never_both =
        node.is_signal() ? order_.Of(node.object).partner : kNone;
    for (const TraceNode* other : question_.waits) {
      if (other->is_signal() && other->object == never_both) return false;
      for (const Hold& hold : node.held) {
        if (other->Holds(hold.object, hold.mode)) return false;
      }
    }
    return !HasManySets() ||
           std::all_of(question_.waits.begin(), question_.waits.end(),
                       [&](const TraceNode* other) {
                         return meetings_.Can(*other, node, work_.part);
                       });
  }

  // Then it is worth while to ask whether two can meet; but what it costs is
  // not to use up what there is.
  bool HasManySets() const {
    return sets_ > options_.few_sets &&
           meetings_.work() < options_.max_work / 2;
  }

  size_t IndexOf(const TraceNode& node) const { return &node - nodes_.data(); }

  bool ChooseOneOf(const Alternatives& alternatives) {
    for (const TraceNode* node : alternatives) {
      if (Choose(*node)) return true;
    }
    return false;
  }

  // Gives one of those that wait what it waits for; true: the search from this
  // start is over. Who has permits comes last: those are the most ways to go
  // on.
  bool Complete() {
    const TraceNode* lacks_permits = nullptr;
    for (const TraceNode* node : question_.waits) {
      if (LacksPermits(*node)) {
        lacks_permits = node;
      } else if (node->kind == EventKind::kAcquire) {
        if (!SomebodyHolds(*node, 1)) return ChooseOneOf(HoldersOf(*node));
      } else if (node->kind == EventKind::kJoin) {
        if (!IsHeldUp(node->object)) {
          return ChooseOneOf(WaysToHoldUp(node->object));
        }
      } else if (const auto done = CompleteSignal(*node)) {
        return *done;
      }
    }
    return lacks_permits != nullptr ? ChooseHolder(*lacks_permits) : Ask();
  }

  bool IsForPermits(const TraceNode& node) const {
    return node.is_signal() && order_.Of(node.object).role == Role::kPermits;
  }
  bool LacksPermits(const TraceNode& node) const {
    return IsForPermits(node) &&
           !SomebodyHolds(node, order_.Of(node.object).initial);
  }

  // In the order of the nodes, so that of the same holders there is one set.
  bool ChooseHolder(const TraceNode& node) {
    const TraceNode* const last = last_holder_[node.object];
    bool found = false;
    for (const TraceNode* holder : HoldersOf(node)) {
      if (last != nullptr && IndexOf(*holder) <= IndexOf(*last)) continue;
      last_holder_[node.object] = holder;
      found = Choose(*holder);
      if (found) break;
    }
    last_holder_[node.object] = last;
    return found;
  }

  static bool IsCleared(const ObjectActs& acts) {
    return acts.role == Role::kFlag && acts.changes.size() > 1;
  }

  // Nothing: it has all that it needs.
  std::optional<bool> CompleteSignal(const TraceNode& node) {
    const ObjectActs& acts = order_.Of(node.object);
    if (acts.role == Role::kPermits) return std::nullopt;
    if (acts.role == Role::kAllArrive) return CompleteArrivals(node, acts);
    // Who has some of what is outstanding; if nobody has, all are needed.
    if (!acts.gets_of.empty() && one_is_enough_) {
      one_was_enough_ = true;
      return CompleteArrivals(node, acts);
    }
    const bool may_be_spent = IsCleared(acts);
    const size_t spent_before = question_.spent.size();
    std::optional<bool> done;
    for (const Poster& poster : acts.posters) {
      if (poster.actor == node.actor || IsHeldUp(poster.actor) ||
          is_spent_[poster.actor]) {
        continue;
      }
      const bool found = ChooseOneOf(WaysToHoldUp(poster.actor));
      if (found || !may_be_spent) {
        done = found;
        break;
      }
      // There may be very many of these: no set within a set for each.
      question_.spent.push_back(poster);
      is_spent_[poster.actor] = true;
      ++work_.events;
    }
    if (!done && question_.spent.size() > spent_before) done = Complete();
    for (; question_.spent.size() > spent_before; question_.spent.pop_back()) {
      is_spent_[question_.spent.back().actor] = false;
    }
    return done;
  }

  // One that does not post is enough.
  std::optional<bool> CompleteArrivals(const TraceNode& node,
                                       const ObjectActs& acts) {
    Alternatives alternatives;
    for (const Poster& poster : acts.posters) {
      if (poster.actor == node.actor) continue;
      if (IsHeldUp(poster.actor)) return std::nullopt;
      const Alternatives more = WaysToHoldUp(poster.actor);
      alternatives.insert(alternatives.end(), more.begin(), more.end());
    }
    return ChooseOneOf(alternatives);
  }

  bool SomebodyHolds(const TraceNode& node, size_t enough) const {
    size_t count = 0;
    for (const TraceNode* other : question_.waits) {
      if (other->Holds(node.object, node.mode) &&
          (other->actor != node.actor || node.is_signal())) {
        ++count;
      }
    }
    return count >= enough;
  }

  Alternatives HoldersOf(const TraceNode& node) const {
    Alternatives alternatives;
    const auto row = holders_.find(node.object);
    if (row == holders_.end()) return alternatives;
    for (const TraceNode* other : row->second) {
      if (other->Holds(node.object, node.mode)) alternatives.push_back(other);
    }
    return alternatives;
  }

  // It waits, or somebody does who has yet to start it.
  bool IsHeldUp(ActorIndex actor) const {
    if (chosen_of_[actor] != nullptr) return true;
    bool held_up = false;
    ForEachStart(trace_, actor, [&](EventRef fork) {
      const TraceNode* node = chosen_of_[fork.actor];
      held_up |= node != nullptr && node->IsBefore(fork);
    });
    return held_up;
  }

  Alternatives WaysToHoldUp(ActorIndex actor) const {
    Alternatives alternatives;
    for (const TraceNode& node : NodesOf(actor)) alternatives.push_back(&node);
    ForEachStart(trace_, actor, [&](EventRef fork) {
      for (const TraceNode& node : NodesOf(fork.actor)) {
        if (node.IsBefore(fork)) alternatives.push_back(&node);
      }
    });
    return alternatives;
  }

  std::span<const TraceNode> NodesOf(ActorIndex actor) const {
    return std::span(nodes_).subspan(
        first_of_actor_[actor],
        first_of_actor_[actor + 1] - first_of_actor_[actor]);
  }

  // ---- A complete set ----
  bool Ask() {
    some_set_ = true;
    std::vector<const TraceNode*> set = question_.waits;
    std::sort(set.begin(), set.end());
    if (!asked_.insert({std::move(set), question_.spent.size()}).second) {
      return false;
    }
    const auto standstill = FindStandstill(trace_, order_, question_, work_);
    if (!standstill) return false;
    if (!ConditionsHoldUpOthers()) return false;
    const bool circle = IsInCircle(*standstill, start_->actor);
    // Else it is stuck because of what is wrong without it.
    if (!circle && (question_.waits.size() > 1 || question_.spent.empty())) {
      return false;
    }
    Add(ToFinding(trace_, question_, circle), *standstill);
    return true;
  }

  // Who waits for a condition waits while a predicate is false, and whether it
  // is then is not in the log: two who notify each other by turns are no
  // deadlock, for one of them does not wait. So what counts is what is held
  // meanwhile.
  bool ConditionsHoldUpOthers() const {
    return std::all_of(question_.waits.begin(), question_.waits.end(),
                       [&](const TraceNode* node) {
                         return !node->is_signal() ||
                                order_.Of(node->object).role !=
                                    Role::kCondition ||
                                HoldsUpOthers(*node);
                       });
  }

  bool HoldsUpOthers(const TraceNode& node) const {
    return std::any_of(question_.waits.begin(), question_.waits.end(),
                       [&](const TraceNode* other) {
                         return other->kind == EventKind::kJoin
                                    ? other->object == node.actor
                                    : other->kind == EventKind::kAcquire &&
                                          node.Holds(other->object,
                                                     other->mode);
                       });
  }

  // Whether those it waits for wait for it.
  bool IsInCircle(const Standstill& standstill, ActorIndex start) const {
    std::set<ActorIndex> seen;
    std::vector<ActorIndex> open = {start};
    while (!open.empty()) {
      const ActorIndex actor = open.back();
      open.pop_back();
      for (const ActorIndex provider : standstill.providers[actor]) {
        if (provider == start) return true;
        if (standstill.stuck[provider] && seen.insert(provider).second) {
          open.push_back(provider);
        }
      }
    }
    return false;
  }

  // Of findings that differ in their actors, one: that which is confirmed, if
  // any is.
  void Add(Finding finding, const Standstill& standstill) {
    std::set<std::tuple<ObjectIndex, SiteIndex>> places;
    for (const Part& part : finding.parts) {
      places.insert({part.wants, part.site});
    }
    const auto [row, is_new] =
        rows_.try_emplace(std::move(places), found_->findings.size());
    if (is_new) found_->findings.push_back(finding);
    Finding& kept = found_->findings[row->second];
    if (!is_new) ++kept.count;
    if (kept.verdict != Verdict::kPossible) return;
    finding.count = kept.count;
    confirmer_.Confirm(question_, standstill, finding);
    if (is_new || finding.verdict == Verdict::kConfirmed) {
      kept = std::move(finding);
    }
  }

  const Trace& trace_;
  const CommunicationOptions& options_;
  const TraceOrder order_;
  CommunicationConfirmer confirmer_{trace_, order_, options_};
  const NodesOfTrace places_;
  const std::vector<TraceNode>& nodes_ = places_.nodes;
  std::vector<size_t> first_of_actor_;
  std::vector<const TraceNode*> chosen_of_;  // by actor
  std::vector<bool> is_spent_;               // by actor
  // By object: the last one that was chosen since it has a permit.
  std::vector<const TraceNode*> last_holder_;
  std::vector<bool> is_alone_;  // by node: in no complete set
  // Whoever is spent need not be in a set: then a wait may be in one though
  // there is none that begins with it.
  bool some_is_cleared_ = false;
  absl::flat_hash_map<ObjectIndex, Alternatives> holders_;
  const TraceNode* start_ = nullptr;
  Findings* found_ = nullptr;
  StandstillQuestion question_;
  std::map<std::set<std::tuple<ObjectIndex, SiteIndex>>, size_t> rows_;
  std::set<std::pair<Alternatives, size_t>> asked_;
  uint64_t sets_ = 0;
  bool some_set_ = false;  // from this start was complete, or too large
  StandstillWork work_{{trace_, order_}};
  Meetings meetings_{trace_, order_};
  bool cut_ = false;
  bool too_many_actors_ = false;  // in a set that was not completed
  bool one_is_enough_ = true;     // who has some of what is outstanding
  bool one_was_enough_ = false;   // was of use, since the start was chosen
};

}  // namespace

void FindCommunication(const Trace& trace, const CommunicationOptions& options,
                       Findings& result) {
  Search search(trace, options);
  search.Find(result);
  if (search.cut()) {
    result.exhaustive = false;
    result.notes.push_back(
        "the search for deadlocks through signals was cut: there are more ways "
        "to wait than were looked at");
  }
  if (!trace.cut.empty()) {
    result.exhaustive = false;
    result.notes.push_back(absl::StrCat(
        "for deadlocks through signals only the beginning of what ",
        trace.cut.size(), trace.cut.size() == 1 ? " actor" : " actors",
        " did was looked at"));
  }
}

}  // namespace lockcheck::analysis
