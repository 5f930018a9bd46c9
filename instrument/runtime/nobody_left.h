// What it is that nobody is left who could end a wait: a deadlock of which
// signals are a part, a hazard, or nothing new; written into the log, and said.
//
// Threading: by the watch, when nothing in this process moves any more
// (quiescence.h). It becomes an actor if there is something to tell. Cost: the
// square of the threads' number at most.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_NOBODY_LEFT_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_NOBODY_LEFT_H_

#include <cstdint>

namespace lockcheck::runtime {

// Of that many threads. False: there is nothing to tell, for only locks are to
// blame.
bool TellNobodyLeft(uint32_t threads);

// The same if another process could end a wait: only a note for the analysis,
// which knows them all.
void NoteNobodyLeftHere();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_NOBODY_LEFT_H_
