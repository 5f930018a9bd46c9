#include "lib/analysis/coroutine_hazards.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace lockcheck::analysis {
namespace {

Finding Hazard(Rule rule, ActorIndex actor, ObjectIndex object) {
  Finding finding;
  finding.kind = Kind::kHazard;
  finding.rule = rule;
  finding.parts.emplace_back().actor = actor;
  finding.objects = {object};
  finding.count = 0;
  return finding;
}

// The rows of each key as one finding, in the order of the keys.
template <typename Key, typename Row, typename Of, typename Make, typename Add>
void FindEach(const std::vector<Row>& rows, Of key_of, Make make, Add add,
              std::vector<Finding>& findings) {
  std::map<Key, Finding> of_key;
  for (const Row& row : rows) {
    const auto [at, is_new] = of_key.try_emplace(key_of(row));
    if (is_new) at->second = make(row);
    at->second.count += row.count;
    add(row, at->second);
  }
  for (auto& [key, finding] : of_key) findings.push_back(std::move(finding));
}

void FindHeldAcross(const Observations& o, std::vector<Finding>& findings) {
  using Key = std::tuple<ObjectIndex, SiteIndex, SiteIndex>;
  FindEach<Key>(
      o.held_across,
      [](const HeldAcrossAwait& row) {
        return Key(row.hold.object, row.hold.site, row.site);
      },
      [](const HeldAcrossAwait& row) {
        Finding finding =
            Hazard(Rule::kLockAcrossAwait, row.actor, row.hold.object);
        finding.parts[0].holds = {row.hold};
        finding.parts[0].awaits = row.site;
        return finding;
      },
      [](const HeldAcrossAwait& row, Finding& finding) {
        finding.elsewhere |= row.elsewhere;
      },
      findings);
}

void FindBlocked(const Observations& o, std::vector<Finding>& findings) {
  // Each end of an actor is an object of its own.
  using Key = std::tuple<bool, ObjectIndex, SiteIndex>;
  FindEach<Key>(
      o.blocked_thread,
      [&](const ThreadBlocked& row) {
        const bool joins = o.is_end_object(row.object);
        return Key(joins, joins ? kNone : row.object, row.site);
      },
      [](const ThreadBlocked& row) {
        Finding finding =
            Hazard(Rule::kBlockingInCoroutine, row.actor, row.object);
        finding.parts[0].wants = row.object;
        finding.parts[0].how = row.how;
        finding.parts[0].site = row.site;
        return finding;
      },
      [](const ThreadBlocked& row, Finding& finding) {
        finding.ready = std::max<uint64_t>(finding.ready, row.ready);
      },
      findings);
}

void FindLongRuns(const Observations& o, std::vector<Finding>& findings) {
  FindEach<SiteIndex>(
      o.thread_kept, [](const ThreadKept& row) { return row.site; },
      [&](const ThreadKept& row) {
        Finding finding =
            Hazard(Rule::kLongRun, row.actor, o.end_object(row.actor));
        finding.parts[0].awaits = row.site;
        return finding;
      },
      [](const ThreadKept& row, Finding& finding) {
        finding.ready = std::max<uint64_t>(finding.ready, row.ready);
        finding.ns = std::max(finding.ns, row.ns);
      },
      findings);
}

template <typename Row>
void Append(const std::vector<Row>& from, std::vector<Row>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

void CollectTurns(std::span<const Piece> pieces, Observations& o) {
  for (const Piece& piece : pieces) {
    Append(piece.held_across, o.held_across);
    Append(piece.thread_kept, o.thread_kept);
    Append(piece.blocked_thread, o.blocked_thread);
    Append(piece.no_carrier, o.no_carrier);
  }
}

void FindCoroutineHazards(const Observations& o,
                          std::vector<Finding>& findings) {
  FindHeldAcross(o, findings);
  FindBlocked(o, findings);
  FindLongRuns(o, findings);
}

}  // namespace lockcheck::analysis
