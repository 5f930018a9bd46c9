// In which phases each node of a HeldTrie was used.
//
// Problem: nearly every node is used in one phase or two, a few in many; the
// lists of all nodes run through one array. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_PHASE_LISTS_H_
#define LOCKCHECK_LIB_ANALYSIS_PHASE_LISTS_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "lib/analysis/held_trie.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

class PhaseLists {
 public:
  // Phases of one node are added in ascending order, each once.
  void Add(HeldTrie::NodeId node, uint32_t phase) {
    if (node >= heads_.size()) heads_.resize(node + 1, kEnd);
    links_.push_back({phase, heads_[node]});
    heads_[node] = static_cast<uint32_t>(links_.size() - 1);
  }
  Phases Of(HeldTrie::NodeId node) const {
    Phases phases;
    uint32_t at = node < heads_.size() ? heads_[node] : kEnd;
    for (; at != kEnd; at = links_[at].next) phases.push_back(links_[at].phase);
    std::reverse(phases.begin(), phases.end());
    return phases;
  }

 private:
  static constexpr uint32_t kEnd = 0xffffffff;
  struct Link {
    uint32_t phase, next;
  };
  std::vector<uint32_t> heads_;  // by node
  std::vector<Link> links_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_PHASE_LISTS_H_
