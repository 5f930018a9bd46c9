// Who is stuck: the AND-OR wait-for fixpoint.
//
// Problem: an actor that waits is not thereby deadlocked. Its wait ends if all
// those it needs (AND) or one of those that can help (OR) can still act. Stuck
// is who cannot be reached by any such help:
//   live  = nodes that can act by themselves
//   repeat: a waiting node becomes live if (AND) all its providers are live or
//           (OR) one is                                        until stable
//   stuck = waiting nodes that are not live
// With AND alone a stuck set contains a cycle or a dead provider; with OR alone
// it contains a knot.
//
// Cost: linear in nodes and providers. Thread-compatible; no state.
#ifndef LOCKCHECK_LIB_GRAPH_WAIT_FOR_H_
#define LOCKCHECK_LIB_GRAPH_WAIT_FOR_H_

#include <cstdint>
#include <span>
#include <vector>

#include "lib/graph/strong_components.h"
#include "lib/model/primitives.h"

namespace lockcheck::graph {

struct WaitNode {
  enum class State : uint8_t {
    kLive,     // can act, or its wait ends by itself
    kWaiting,  // needs its providers
    kDead,     // will never act again; not stuck, and no help
  };
  State state = State::kLive;
  model::WaitRule rule = model::WaitRule::kAll;
  std::vector<Vertex> providers;  // of a waiting node; none: it can go on
};

// Per node: does it wait for something that can never come?
std::vector<bool> FindStuck(std::span<const WaitNode> nodes);

// One cycle for each strong component that has one among the nodes `among`,
// beginning at its own smallest node, each node providing for the one
// before it; of one node only where that is all of the component. Components in
// the order of their smallest node.
std::vector<std::vector<Vertex>> WaitCycles(std::span<const WaitNode> nodes,
                                            const std::vector<bool>& among);

}  // namespace lockcheck::graph

#endif  // LOCKCHECK_LIB_GRAPH_WAIT_FOR_H_
