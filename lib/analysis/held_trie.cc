#include "lib/analysis/held_trie.h"

#include <bit>
#include <utility>

namespace lockcheck::analysis {
namespace {
constexpr size_t kFirstBuckets = 128;
}

HeldTrie::HeldTrie()
    : buckets_(kFirstBuckets),
      shift_(64 - std::countr_zero(kFirstBuckets)),
      keys_(1, 0) {}

HeldTrie::Node& HeldTrie::Find(uint64_t key) {
  for (size_t i = Home(key);; i = (i + 1) & (buckets_.size() - 1)) {
    for (Node& node : buckets_[i].nodes) {
      if (node.key == key || node.key == kEmpty) return node;
    }
  }
}

HeldTrie::Node& HeldTrie::ChildSlow(uint64_t key) {
  if (Node& node = Find(key); node.key == key) return node;
  if (keys_.size() > buckets_.size()) Grow();
  Node& node = Find(key);
  node.key = key;
  node.id = static_cast<NodeId>(keys_.size());
  keys_.push_back(key);
  return node;
}

void HeldTrie::Grow() {
  std::vector<Bucket> old(buckets_.size() * 2);
  old.swap(buckets_);
  --shift_;
  for (const Bucket& bucket : old) {
    for (const Node& node : bucket.nodes) {
      if (node.key != kEmpty) Find(node.key) = node;
    }
  }
}

HeldTrie::Label HeldTrie::Intern(const Acquisition& acquisition) {
  const auto [place, is_new] = labels_.try_emplace(
      acquisition, static_cast<Label>(interned_.size() << 1 | kInterned));
  if (is_new) interned_.push_back(acquisition);
  return place->second;
}

Acquisition HeldTrie::Decode(Label label) const {
  if (label & kInterned) return interned_[label >> 1];
  return {.object = log::ObjectOf(label), .site = log::SiteOf(label)};
}

}  // namespace lockcheck::analysis
