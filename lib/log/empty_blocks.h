// How many blocks were claimed and hold nothing though nothing says why.
//
// Problem: a block is claimed before it is written. Who is killed in between,
// or is about to write, leaves zeros and no loss; a block that was zeroed
// leaves the same, and if it was the last one of its actors, no gap in their
// segments either.
//
// So each such block is explained, as far as it goes: by a block that a thread
// had filled and not sealed, for it was at that; by a segment whose loss is
// said anyway; by a second look, a moment later, if somebody may still write.
// What is left was damaged, or its claimant was killed when it began its first
// block.
#ifndef LOCKCHECK_LIB_LOG_EMPTY_BLOCKS_H_
#define LOCKCHECK_LIB_LOG_EMPTY_BLOCKS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/log/block_scan.h"
#include "lib/log/log_file.h"
#include "lib/log/recording.h"
#include "lib/log/streams.h"

namespace lockcheck::log {

// How many blocks a thread was about to seal when they were copied.
uint64_t CountBlocksBeingSealed(const LogFile& file, const Streams& streams);

// The line about those that are left, if any are, of all but `explained`. While
// a process may still write it may take 10 ms.
std::vector<std::string> EmptyBlockLines(const LogFile& file,
                                         std::span<const Findings> parts,
                                         uint64_t explained,
                                         std::span<const Process> processes);

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_EMPTY_BLOCKS_H_
