// The scan of one piece of one actor's stream: decodes its records once, keeps
// what the actor holds, and leaves behind counts and the distinct ways in which
// it held and asked.
//
// Problem: this is the loop that reads a hundred million events a second, so
// the common records touch nothing but the top of the held stack and one node
// of the HeldTrie; everything else is derived from the nodes when the piece
// ends.
//
// Thread safety: pieces may be scanned at the same time, each with Totals of
// its own thread.
#ifndef LOCKCHECK_LIB_ANALYSIS_STREAM_SCAN_H_
#define LOCKCHECK_LIB_ANALYSIS_STREAM_SCAN_H_

#include "lib/analysis/piece.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

// Reads the piece's segments. `read` is called with `data` after each.
void ScanPiece(const log::Recording& recording, Piece& piece, Totals& totals,
               void (*read)(void* data), void* data);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STREAM_SCAN_H_
