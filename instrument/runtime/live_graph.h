// Objects and the edges between them, in a topological order as long as there
// is one.
//
// A new edge that agrees with the order costs nothing more; one that does not
// moves the nodes between its ends (Pearce and Kelly, "A dynamic topological
// sort algorithm for directed acyclic graphs", JEA 2006). From the first cycle
// on there is no order any more; nodes of one cycle have a number in common
// then. Edges and nodes that go leave both as they are: an order stays one, and
// a number that two nodes had for a cycle which is gone only means that the
// search for patterns looks in vain. An edge between two of one number closes
// nothing new, and costs nothing, as long as no edge among those has gone.
//
// Threading: under one lock of the caller's. Never calls malloc.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_GRAPH_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_GRAPH_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/live_memory.h"

namespace lockcheck::runtime {

struct LiveEdge;

// The owner makes it, with Add(), and takes it away when it has no edges.
struct LiveNode {
  uint64_t place;  // in the order
  uint64_t mark;   // of the last search that came by
  uint64_t cycle;  // the same for all of a cycle; 0: none
  LiveEdge* out;
  LiveEdge* in;
};

struct LiveEdge {
  LiveNode* from;
  LiveNode* to;
  LiveEdge* next_out;
  LiveEdge** at_out;
  LiveEdge* next_in;
  LiveEdge** at_in;
  uint32_t uses;  // the owner's
};

class LiveGraph {
 public:
  void Add(LiveNode& node);
  // Sets all of `edge`; there must be none between the two yet.
  void Connect(LiveEdge& edge, LiveNode& from, LiveNode& to);
  void Remove(LiveEdge& edge);

  // There was a cycle.
  bool has_cycle() const { return has_cycle_; }
  // Through the graph, until now.
  uint64_t searches() const { return last_mark_; }

 private:
  static constexpr uint64_t kEverywhere = UINT64_MAX;

  bool Agrees(LiveNode& from, LiveNode& to);
  void Reorder();
  bool Reach(LiveNode& from, const LiveNode* goal, bool backwards,
             uint64_t bound, LiveList<LiveNode*>& found);
  void Join(LiveNode& from, LiveNode& to);

  LiveList<LiveNode*> forward_;
  LiveList<LiveNode*> backward_;
  LiveList<uint64_t> places_;
  uint64_t last_place_ = 0;
  uint64_t last_mark_ = 0;
  uint64_t last_cycle_ = 0;
  uint64_t stale_cycle_ = 0;  // it and those before may have come apart
  bool has_cycle_ = false;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_GRAPH_H_
