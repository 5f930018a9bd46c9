#include "lib/analysis/version_order.h"

#include <algorithm>

#include "lib/analysis/last_of_each.h"

namespace lockcheck::analysis {
namespace {

// By the version that it finds or makes, the write of a version before those
// who find it.
struct Access {
  uint32_t version = 0;
  bool finds = false;
  EventRef at;
};

}  // namespace

VersionOrder::VersionOrder(const Trace& trace,
                           std::span<const uint32_t> length) {
  absl::flat_hash_map<ObjectIndex, std::vector<Access>> accesses;
  for (ActorIndex a = 0; a < length.size(); ++a) {
    for (uint32_t i = 0; i < length[a]; ++i) {
      const Event& e = trace.At({a, i});
      if (!IsAccess(e.kind) || trace.objects[e.object].mixed) continue;
      if (SeesVersion(e.kind)) {
        accesses[e.object].push_back({VersionSeen(e), true, {a, i}});
      }
      if (MakesVersion(e.kind)) {
        accesses[e.object].push_back({e.order, false, {a, i}});
      }
    }
  }
  for (auto& [object, list] : accesses) {
    std::sort(list.begin(), list.end(), [](const Access& a, const Access& b) {
      return a.version != b.version ? a.version < b.version : a.finds < b.finds;
    });
    std::vector<EventRef> before;  // the last write, and who saw it or later
    for (const Access& access : list) {
      if (access.finds) {
        before.push_back(access.at);
        continue;
      }
      auto& needs = needs_of_[{access.at.actor, access.at.index}];
      KeepLastOfEach(before);
      for (const EventRef ref : before) {
        // An update finds what it follows.
        if (ref.actor != access.at.actor) needs.push_back(ref);
      }
      before = {access.at};
    }
  }
}

void VersionOrder::Needs(EventRef write, std::vector<EventRef>& needs) const {
  const auto row = needs_of_.find({write.actor, write.index});
  if (row == needs_of_.end()) return;
  needs.insert(needs.end(), row->second.begin(), row->second.end());
}

}  // namespace lockcheck::analysis
