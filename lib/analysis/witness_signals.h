// What a replay (witness_check.h) knows of signals: what each object has, who
// took it, and how it stands with those who wait for one.
//
// The rules are those of the primitives alone; what the searches know of an
// object's order plays no part. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_WITNESS_SIGNALS_H_
#define LOCKCHECK_LIB_ANALYSIS_WITNESS_SIGNALS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/witness_facts.h"
#include "lib/graph/wait_for.h"

namespace lockcheck::analysis {

class WitnessSignals {
 public:
  // `at`: by actor, how many events it has done.
  WitnessSignals(const Trace& trace, WitnessFacts& facts,
                 const std::vector<uint32_t>& at)
      : trace_(trace), facts_(facts), at_(at), waits_since_(at.size()) {}

  // The actor's next event. False: it cannot happen now.
  bool Take(ActorIndex a, const Event& e);
  bool Post(ActorIndex a, const Event& e);
  // `sure`: of a condition, its predicate is false as it was.
  void BeginWait(ActorIndex a, const Event& e, bool sure);
  // It is forked, and is a task of a pool.
  void Submit(ActorIndex task);

  // How it stands with who takes that next: live, if what it waits for may be
  // there. A wait that nobody ends has no providers.
  graph::WaitNode NodeOf(ActorIndex a, const Event& e);

 private:
  // All that an object is, of whatever kind.
  struct State {
    int64_t gained = 0;  // permits, items, what is outstanding
    bool set = false;
    bool closed = false;
    uint64_t sets = 0, to_wake = 0, woke = 0, notifications = 0;
    std::map<uint32_t, uint64_t> arrived;  // by phase
    ActorIndex last_arrival = kNone;
    std::deque<ActorIndex> submitted;  // tasks that have not begun
    // Of permits and items: how many each took and has not given back or ended.
    absl::flat_hash_map<ActorIndex, int64_t> has;
  };
  // An actor's latest wait, and how its object was when it began.
  struct WaitSince {
    ObjectIndex object = kNone;
    uint64_t sets = 0, woke = 0, notifications = 0;
    bool sure = false;
  };

  const TraceObject& ObjectOf(const Event& e) const {
    return trace_.objects[e.object];
  }
  State& Of(const Event& e) { return states_[e.object]; }
  bool IsThere(ActorIndex a, const Event& e);
  bool IsInTurn(ActorIndex a, const State& state) const;
  bool Arrive(ActorIndex a, const Event& e, State& state);
  bool IsOver(ObjectIndex object, uint32_t phase);
  void CountItems(const Event& put);
  bool IsWaiting(ActorIndex a, const Event& e);
  std::vector<graph::Vertex> OthersWhoHave(ActorIndex a, ObjectIndex object);
  std::vector<graph::Vertex> OthersWhoPost(ActorIndex a, ObjectIndex object);
  graph::WaitNode BarrierNode(ActorIndex a, const Event& e);

  const Trace& trace_;
  WitnessFacts& facts_;
  const std::vector<uint32_t>& at_;
  std::vector<WaitSince> waits_since_;  // by actor
  absl::flat_hash_map<ObjectIndex, State> states_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_WITNESS_SIGNALS_H_
