#include "instrument/runtime/live_graph.h"

#include <algorithm>

namespace lockcheck::runtime {

void LiveGraph::Add(LiveNode& node) {
  node = {++last_place_, 0, 0, nullptr, nullptr};
}

void LiveGraph::Connect(LiveEdge& edge, LiveNode& from, LiveNode& to) {
  const bool acyclic = !has_cycle_ && Agrees(from, to);
  edge = {&from, &to, from.out, &from.out, to.in, &to.in, 0};
  if (from.out != nullptr) from.out->at_out = &edge.next_out;
  if (to.in != nullptr) to.in->at_in = &edge.next_in;
  from.out = &edge;
  to.in = &edge;
  if (!acyclic) Join(from, to);
}

void LiveGraph::Remove(LiveEdge& edge) {
  if (edge.from->cycle == edge.to->cycle) {
    stale_cycle_ = std::max(stale_cycle_, edge.from->cycle);
  }
  *edge.at_out = edge.next_out;
  if (edge.next_out != nullptr) edge.next_out->at_out = edge.at_out;
  *edge.at_in = edge.next_in;
  if (edge.next_in != nullptr) edge.next_in->at_in = edge.at_in;
}

// Whether the edge leaves the graph without a cycle; the order is mended then.
bool LiveGraph::Agrees(LiveNode& from, LiveNode& to) {
  if (from.place < to.place) return true;
  if (Reach(to, &from, false, from.place, forward_)) return false;
  Reach(from, nullptr, true, to.place, backward_);
  Reorder();
  return true;
}

// What was reached backwards goes before what was reached forwards, in the
// places that both had.
void LiveGraph::Reorder() {
  const auto before = [](const LiveNode* a, const LiveNode* b) {
    return a->place < b->place;
  };
  std::sort(forward_.items, forward_.items + forward_.size, before);
  std::sort(backward_.items, backward_.items + backward_.size, before);
  places_.size = 0;
  for (size_t i = 0; i < backward_.size; ++i) {
    if (!places_.Push(backward_.items[i]->place)) return;
  }
  for (size_t i = 0; i < forward_.size; ++i) {
    if (!places_.Push(forward_.items[i]->place)) return;
  }
  std::sort(places_.items, places_.items + places_.size);
  for (size_t i = 0; i < backward_.size; ++i) {
    backward_.items[i]->place = places_.items[i];
  }
  for (size_t i = 0; i < forward_.size; ++i) {
    forward_.items[i]->place = places_.items[backward_.size + i];
  }
}

// All nodes that edges lead to from `from`, itself included, in places not
// beyond `bound`. True: `goal` is one of them.
bool LiveGraph::Reach(LiveNode& from, const LiveNode* goal, bool backwards,
                      uint64_t bound, LiveList<LiveNode*>& found) {
  const uint64_t mark = ++last_mark_;
  found.size = 0;
  from.mark = mark;
  bool reached = &from == goal;
  if (!found.Push(&from)) return false;
  for (size_t i = 0; i < found.size; ++i) {
    const LiveNode* const node = found.items[i];
    const LiveEdge* edge = backwards ? node->in : node->out;
    while (edge != nullptr) {
      LiveNode* const to = backwards ? edge->from : edge->to;
      edge = backwards ? edge->next_in : edge->next_out;
      reached |= to == goal;
      const bool beyond = backwards ? to->place < bound : to->place > bound;
      if (to->mark == mark || beyond) continue;
      to->mark = mark;
      if (!found.Push(to)) return reached;
    }
  }
  return reached;
}

// The edge, which is there already, may close cycles: all nodes of those belong
// together from now on.
void LiveGraph::Join(LiveNode& from, LiveNode& to) {
  if (from.cycle == to.cycle && from.cycle > stale_cycle_) return;
  if (!Reach(to, &from, false, kEverywhere, forward_)) return;
  has_cycle_ = true;
  const uint64_t ahead = last_mark_;
  // Those that lead here and were reached from here.
  backward_.size = 0;
  const uint64_t both = ++last_mark_;
  from.mark = both;
  if (!backward_.Push(&from)) return;
  for (size_t i = 0; i < backward_.size; ++i) {
    for (const LiveEdge* edge = backward_.items[i]->in; edge != nullptr;
         edge = edge->next_in) {
      if (edge->from->mark != ahead) continue;
      edge->from->mark = both;
      if (!backward_.Push(edge->from)) return;
    }
  }
  ++last_cycle_;
  for (size_t i = 0; i < backward_.size; ++i) {
    backward_.items[i]->cycle = last_cycle_;
  }
}

}  // namespace lockcheck::runtime
