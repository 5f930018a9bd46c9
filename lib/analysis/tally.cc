#include "lib/analysis/tally.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace lockcheck::analysis {
namespace {

class Tallier {
 public:
  Tallier(const HeldTrie& trie, const PhaseLists& phases, const RawIds& ids,
          Piece& piece, Totals& totals)
      : trie_(trie),
        phases_(phases),
        ids_(ids),
        piece_(piece),
        totals_(totals) {}
  void Run();

 private:
  void AddUsage(const Acquisition& a, const HeldTrie::Node& node);
  void TakeRequest(const Acquisition& a, const HeldTrie::Node& node);
  HeldSet HeldAbove(const HeldTrie::Node& node, uint32_t group);

  const HeldTrie& trie_;
  const PhaseLists& phases_;
  const RawIds& ids_;
  Piece& piece_;
  Totals& totals_;
  size_t held_total_ = 0;
};

void Tallier::Run() {
  trie_.ForEach([this](const HeldTrie::Node& node) {
    if (node.count == 0) return;  // held, but not acquired while here
    const Acquisition a = trie_.Decode(node.label());
    if (!a.joins && !a.failed) AddUsage(a, node);
    TakeRequest(a, node);
  });
  auto& acquired = piece_.acquired;
  std::sort(acquired.begin(), acquired.end());
  acquired.erase(std::unique(acquired.begin(), acquired.end()), acquired.end());
}

void Tallier::AddUsage(const Acquisition& a, const HeldTrie::Node& node) {
  const auto add = [&node](Usage& usage) {
    usage.acquisitions += node.count;
    usage.owner_changes += node.handovers;
  };
  add(piece_.usage);
  const SiteIndex s = ids_.Site(a.site);
  const bool site_known = s < totals_.sites.size();
  if (site_known) add(totals_.sites[s]);
  if (const ObjectIndex o = ids_.Object(a.object); o < totals_.objects.size()) {
    add(totals_.objects[o]);
    if (a.mode == model::Mode::kShared) totals_.objects[o].shared += node.count;
    piece_.acquired.push_back(o);
    if (site_known) totals_.shares[{o, s}] += node.count;
  }
}

void Tallier::TakeRequest(const Acquisition& a, const HeldTrie::Node& node) {
  const ObjectIndex lock = ids_.Target(a.object, a.joins);
  if (lock == kNone) {
    totals_.unknown_ids += node.count;
    return;
  }
  HeldSet held = HeldAbove(node, a.group);
  if (held.empty()) {
    piece_.requests.push_back({.actor = piece_.actor,
                               .lock = lock,
                               .mode = a.mode,
                               .how = a.how,
                               .site = ids_.Site(a.site),
                               .count = node.count,
                               .phases = phases_.Of(node.id)});
    return;
  }
  piece_.dependencies.push_back({.actor = piece_.actor,
                                 .lock = lock,
                                 .mode = a.mode,
                                 .how = a.how,
                                 .site = ids_.Site(a.site),
                                 .held = std::move(held),
                                 .count = node.count,
                                 .phases = phases_.Of(node.id)});
}

HeldSet Tallier::HeldAbove(const HeldTrie::Node& node, uint32_t group) {
  const size_t most = held_total_ < kMaxHeldTotal ? kMaxHeld : kFewHeld;
  HeldSet held;
  HeldTrie::NodeId at = node.parent();
  for (; at != HeldTrie::kRoot && group > 0; --group) at = trie_.parent(at);
  for (; at != HeldTrie::kRoot && held.size() < most; at = trie_.parent(at)) {
    const Hold hold = HoldOf(trie_, trie_.label(at), ids_);
    if (hold.object != kNone) held.push_back(hold);
  }
  if (at != HeldTrie::kRoot) ++totals_.cut_held_sets;
  held_total_ += held.size();
  std::reverse(held.begin(), held.end());
  return held;
}

}  // namespace

Hold HoldOf(const HeldTrie& trie, HeldTrie::Label label, const RawIds& ids) {
  const Acquisition a = trie.Decode(label);
  return {
      .object = ids.Object(a.object), .mode = a.mode, .site = ids.Site(a.site)};
}

void Tally(const HeldTrie& trie, const PhaseLists& phases, const RawIds& ids,
           Piece& piece, Totals& totals) {
  Tallier(trie, phases, ids, piece, totals).Run();
}

}  // namespace lockcheck::analysis
