// Turns the nodes of a piece's HeldTrie into counts, requests and dependencies.
//
// Cost: linear in nodes and the depth of their held sets, never in events.
#ifndef LOCKCHECK_LIB_ANALYSIS_TALLY_H_
#define LOCKCHECK_LIB_ANALYSIS_TALLY_H_

#include <cstddef>

#include "lib/analysis/held_trie.h"
#include "lib/analysis/phase_lists.h"
#include "lib/analysis/piece.h"
#include "lib/analysis/raw_ids.h"

namespace lockcheck::analysis {

// Held sets keep their innermost locks up to this many, so that a damaged log
// of one megabyte cannot fill the memory; Totals::cut_held_sets counts those
// that lost some.
inline constexpr size_t kMaxHeld = 1024;
// Once the sets of a piece hold kMaxHeldTotal locks, up to this many.
inline constexpr size_t kFewHeld = 8;
inline constexpr size_t kMaxHeldTotal = size_t{1} << 24;

// The hold that an acquisition with this label began.
Hold HoldOf(const HeldTrie& trie, HeldTrie::Label label, const RawIds& ids);

// Fills the piece's requests, dependencies and acquired objects and adds its
// acquisitions to the piece's usage and to the totals.
void Tally(const HeldTrie& trie, const PhaseLists& phases, const RawIds& ids,
           Piece& piece, Totals& totals);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_TALLY_H_
