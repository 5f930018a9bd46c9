// A log of what mode=live knows now, for the command to read.
//
// Problem: what the threads keep in their blocks are records that stay: who
// began and ended whom, sites, stacks. What is known of objects and of their
// order is kept elsewhere, because it is forgotten again (live_book.h), but to
// the analyzer it is a part of the actors' streams. So the copy has for each
// occurrence a segment of its own, with what was held, behind the segment that
// the actor was in, and the numbers of the later ones grow.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_COPY_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_COPY_H_

#include <cstdint>

namespace lockcheck::runtime {

enum class CopyOf : uint8_t {
  // What the analyzer needs to judge lock orders.
  kOrders,
  // What each thread did last: what it holds and waits for. There may be ids in
  // it of objects that are gone, and others have them now.
  kPresent,
};

// Returns its descriptor, to be closed, and in `candidates` those that it has,
// for JudgedLiveOrders(); negative: there is none. Nobody writes to it.
int CopyLog(CopyOf what, uint32_t* candidates);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_COPY_H_
