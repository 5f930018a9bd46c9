#include "lib/analysis/communication_finding.h"

#include <algorithm>
#include <map>

namespace lockcheck::analysis {
namespace {

class Members {
 public:
  Members(const Trace& trace, const StandstillQuestion& question)
      : trace_(trace), question_(question) {}

  // Those who wait for a signal first.
  Finding Describe(bool circle) const {
    Finding finding;
    if (circle) {
      finding.rule = Rule::kCommunication;
      finding.verdict = Verdict::kPossible;
    } else {
      finding.kind = Kind::kHazard;
      finding.rule = Rule::kLostWakeup;
    }
    auto waits = question_.waits;
    std::stable_partition(waits.begin(), waits.end(),
                          [](const TraceNode* n) { return n->is_signal(); });
    bool found = false;
    for (const TraceNode* node : waits) {
      finding.parts.push_back(ToPart(*node));
      AddObject(finding, finding.parts.back().wants);
      found |= node->kind == EventKind::kFound;
    }
    if (!circle) AddSpent(finding);
    finding.assumes.emplace_back(
        "nobody ends these waits for a signal but who did so in this "
        "recording");
    if (found) {
      finding.assumes.emplace_back(
          "what the notification is for is not so before it");
    }
    return finding;
  }

 private:
  ObjectIndex Wanted(const TraceNode& node) const {
    return node.kind == EventKind::kJoin
               ? static_cast<ObjectIndex>(trace_.objects.size() + node.object)
               : node.object;
  }

  bool IsWantedBy(const TraceNode& other, const Hold& hold) const {
    return other.object == hold.object && other.kind != EventKind::kJoin &&
           Exclude(other.mode, hold.mode);
  }

  Part ToPart(const TraceNode& node) const {
    Part part = {.actor = node.actor,
                 .holds = node.held,
                 .wants = Wanted(node),
                 .mode = node.mode,
                 .site = node.site,
                 .count = node.at.size()};
    for (const TraceNode* other : question_.waits) {
      if (other == &node) continue;
      if (other->kind == EventKind::kJoin && other->object == node.actor) {
        part.holds.insert(part.holds.begin(),
                          {Wanted(*other), model::Mode::kExclusive, kNone});
        return part;
      }
      const auto hold =
          std::find_if(part.holds.begin(), part.holds.end(),
                       [&](const Hold& h) { return IsWantedBy(*other, h); });
      if (hold == part.holds.end()) continue;
      part.outer = static_cast<uint32_t>(hold - part.holds.begin());
      std::rotate(part.holds.begin(), hold, hold + 1);
      return part;
    }
    return part;
  }

  // Of those at one place, one.
  void AddSpent(Finding& finding) const {
    std::map<SiteIndex, size_t> rows;
    for (const Poster& poster : question_.spent) {
      const Event& last = trace_.At({poster.actor, poster.last});
      const auto [row, is_new] =
          rows.try_emplace(last.site, finding.parts.size());
      if (is_new) {
        Part& part = finding.parts.emplace_back();
        part.actor = poster.actor;
        part.wants = last.object;
        part.site = last.site;
      }
      ++finding.parts[row->second].count;
    }
  }

  static void AddObject(Finding& finding, ObjectIndex object) {
    auto& objects = finding.objects;
    if (std::find(objects.begin(), objects.end(), object) == objects.end()) {
      objects.push_back(object);
    }
  }

  const Trace& trace_;
  const StandstillQuestion& question_;
};

}  // namespace

Finding ToFinding(const Trace& trace, const StandstillQuestion& question,
                  bool circle) {
  return Members(trace, question).Describe(circle);
}

}  // namespace lockcheck::analysis
