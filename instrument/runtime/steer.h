// steer=: threads are held back where a deadlock that can happen needs them.
//
// Problem: of a cycle that was found possible it is not known whether the
// program can get into it, and that it does takes luck. So each thread that
// comes to a place where a party of the cycle asks for what the next one has,
// and has what the party before asks for, is stopped before it asks. When
// there is one for each party, and each holds the very lock that another one
// is about to ask for, all are let go at once: nothing is left to luck then.
//
// Whoever is held back may keep up a thread that has yet to come. So it is let
// go when somebody waits for what it holds, and when its time is over. And one
// party may be the late one: it is held back before it takes its first lock,
// until the others have come; so nobody has to wait for it meanwhile.
//
// Nothing of it changes what the program may do: a thread is late, as it could
// be at any time. Costs nothing but a branch without steer=. The threads of one
// process only; no coroutines.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_STEER_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_STEER_H_

#include <atomic>
#include <cstdint>

#include "instrument/runtime/thread.h"

namespace lockcheck::runtime {

extern std::atomic<bool> g_steers;

// Maps the file; says so if that cannot be done.
void BeginSteering(const char* path);

inline bool Steers() { return g_steers.load(std::memory_order_relaxed); }

// A site was defined.
void NoteSteered(uint32_t site, const void* pc);
// Whether threads may be stopped there. No request there may take the hot path.
bool IsSteered(uint32_t site);

// Before a request at `site` for `object`, or for the end of the actor `joined`
// (else 0): blocks as long as the thread is to be held back. The thread must
// have been entered, and is meanwhile left: it returns what Enter() gives then.
Thread* HoldBack(Thread* t, uint32_t site, uint32_t object, uint32_t joined);

// Somebody has to wait for what this actor holds.
void HurryUp(uint32_t actor);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_STEER_H_
