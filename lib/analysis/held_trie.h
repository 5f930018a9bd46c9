// Every way in which one actor ever held locks, as a tree: a node is "this
// acquisition, while everything on the path above it was held".
//
// Problem: the scan must count, for a hundred million acquisitions a second,
// which lock was requested at which site under which held locks. In the tree
// the held set is one number, the node of the innermost hold, so an acquisition
// is one look-up of (node, label) and the counters stand beside the key: one
// cache line, no list is compared, nothing is allocated but for what is new.
//
// Labels: the common acquisition (blocking, exclusive, ids that fit a short
// record) is its own label, the record's word without the opcode. The others
// are interned.
//
// Cost: Child() 2-3 ns while the table is in cache; memory 72-136 bytes a node.
// Thread safety: none; every piece of a stream has a tree of its own.
#ifndef LOCKCHECK_LIB_ANALYSIS_HELD_TRIE_H_
#define LOCKCHECK_LIB_ANALYSIS_HELD_TRIE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/log/format.h"
#include "lib/model/primitives.h"

namespace lockcheck::analysis {

// Raw ids, as in the file.
struct Acquisition {
  uint32_t object = 0;  // the actor's id if `joins`
  uint32_t site = 0;
  uint32_t group = 0;  // members of the same request that were acquired before
  model::How how = model::How::kBlocking;
  model::Mode mode = model::Mode::kExclusive;
  bool joins = false;   // a request for END(object)
  bool failed = false;  // requested only, never got

  friend bool operator==(const Acquisition&, const Acquisition&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Acquisition& a) {
    return H::combine(std::move(h), a.object, a.site, a.group, a.how, a.mode,
                      a.joins, a.failed);
  }
};

class HeldTrie {
 public:
  using NodeId = uint32_t;
  using Label = uint32_t;
  static constexpr NodeId kRoot = 0;
  static constexpr uint32_t kNoPhase = 0xffffffff;

  struct Node {
    uint64_t key = kEmpty;
    uint64_t count = 0;      // for the owner of the tree
    uint64_t handovers = 0;  // likewise
    NodeId id = 0;
    uint32_t last_phase = kNoPhase;  // likewise
    NodeId parent() const { return static_cast<NodeId>(key >> 32); }
    Label label() const { return static_cast<Label>(key); }
  };

  HeldTrie();

  static Label LabelOf(uint32_t object, uint32_t site) {
    return log::Pack(log::kExtended, object, site);
  }
  Label LabelOf(const Acquisition& acquisition) {
    const bool plain = acquisition.object < log::kShortObjects &&
                       acquisition.site < log::kShortSites &&
                       acquisition.group == 0 &&
                       acquisition.how == model::How::kBlocking &&
                       acquisition.mode == model::Mode::kExclusive &&
                       !acquisition.joins && !acquisition.failed;
    return plain ? LabelOf(acquisition.object, acquisition.site)
                 : Intern(acquisition);
  }
  Acquisition Decode(Label label) const;

  // The node for `label` below `parent`, made if there is none. Valid until the
  // next call.
  Node& Child(NodeId parent, Label label) {
    const uint64_t key = static_cast<uint64_t>(parent) << 32 | label;
    // Which of the two it is cannot be predicted, so it is no branch.
    Node* const pair = buckets_[Home(key)].nodes;
    Node& node = pair[pair[1].key == key];
    if (node.key == key) [[likely]] {
      return node;
    }
    return ChildSlow(key);
  }

  // All nodes but the root, in no particular order: visit(const Node&).
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Bucket& bucket : buckets_) {
      for (const Node& node : bucket.nodes) {
        if (node.key != kEmpty) visit(node);
      }
    }
  }
  NodeId parent(NodeId id) const {
    return static_cast<NodeId>(keys_[id] >> 32);
  }
  Label label(NodeId id) const { return static_cast<Label>(keys_[id]); }
  size_t size() const { return keys_.size(); }  // the root included

 private:
  // No label is all ones: plain ones have three zeros at the end.
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  static constexpr Label kInterned = 1;  // the lowest bit; above it the index

  // A cache line. A key is in its home bucket, or, if that is full, in the next
  // one with room.
  struct alignas(64) Bucket {
    Node nodes[2];
  };
  static_assert(sizeof(Bucket) == 64);

  size_t Home(uint64_t key) const {
    return (key * 0x9e3779b97f4a7c15ull) >> shift_;
  }
  // The node, or the free place where it belongs.
  Node& Find(uint64_t key);
  Node& ChildSlow(uint64_t key);
  void Grow();
  Label Intern(const Acquisition& acquisition);

  std::vector<Bucket> buckets_;  // open addressing, at most half full
  int shift_ = 0;
  std::vector<uint64_t> keys_;  // by NodeId
  std::vector<Acquisition> interned_;
  absl::flat_hash_map<Acquisition, Label> labels_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_HELD_TRIE_H_
