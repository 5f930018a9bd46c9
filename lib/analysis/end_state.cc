#include "lib/analysis/end_state.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/last_holder.h"
#include "lib/analysis/second_look.h"

namespace lockcheck::analysis {
namespace {

// (owner, object) -> ticks of the last unlock by another actor.
using TakenAway =
    absl::flat_hash_map<std::pair<ActorIndex, ObjectIndex>, uint64_t>;

TakenAway UnlocksByOthers(std::span<const Piece> pieces) {
  TakenAway taken;
  for (const Piece& piece : pieces) {
    for (const MisuseSeen& seen : piece.misuses) {
      const MisuseEvent& e = seen.event;
      if (e.misuse != model::Misuse::kUnlockByOther) continue;
      if (e.owner == kNone || e.object == kNone) continue;
      uint64_t& ticks = taken[{e.owner, e.object}];
      ticks = std::max(ticks, seen.last_ticks);
    }
  }
  return taken;
}

std::vector<Hold> StillHeld(const Piece& last, const TakenAway& taken) {
  std::vector<Hold> held;
  for (const HeldAtEnd& h : last.held) {
    if (h.hold.object == kNone) continue;
    const auto other = taken.find({last.actor, h.hold.object});
    // Acquired again after the unlock: held. In doubt the unlock came later.
    if (other != taken.end() && other->second >= h.not_before) continue;
    held.push_back(h.hold);
  }
  return held;
}

ActorState StateOf(const log::Recording& recording, ActorIndex actor,
                   bool waits) {
  const log::Actor& a = recording.actors[actor];
  if (a.ended) return ActorState::kEnded;
  if (a.process < recording.processes.size()) {
    const log::Process& process = recording.processes[a.process];
    if (process.exited || process.replaced_by_exec) return ActorState::kGone;
  }
  return waits ? ActorState::kBlocked : ActorState::kRunning;
}

}  // namespace

std::vector<EndState> EndStates(const log::Recording& recording,
                                std::span<const Piece> pieces) {
  const TakenAway taken = UnlocksByOthers(pieces);
  std::vector<EndState> states(recording.actors.size());
  for (const Piece& piece : pieces) {
    EndState& state = states[piece.actor];
    state.exiting |= piece.exited;
    if (!piece.ends_stream) continue;
    state.held = StillHeld(piece, taken);
    state.awaits = piece.awaits;
    if (!recording.actors[piece.actor].ended) state.wait = piece.wait;
  }
  KeepLastHolders(recording, states);
  KeepStandingWaits(recording, states);
  for (ActorIndex actor = 0; actor < states.size(); ++actor) {
    // An exit that blocks again, say in a destructor, is stuck like any other.
    if (states[actor].wait) states[actor].exiting = false;
    states[actor].state =
        StateOf(recording, actor, states[actor].wait.has_value());
  }
  return states;
}

}  // namespace lockcheck::analysis
