// Which semaphores are no locks.
//
// A permit counts as held from its acquisition to its release as long as nobody
// releases what he has not acquired. Who does shows that the semaphore is a
// signal: what its waiters got was never theirs to give back, and makes no
// order.
#ifndef LOCKCHECK_LIB_ANALYSIS_PERMITS_H_
#define LOCKCHECK_LIB_ANALYSIS_PERMITS_H_

#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Takes signals out of what was asked for and of what was held. Cost: linear,
// and only if there is one.
void ForgetPermitsOfSignals(Observations& observations);

// Whether somebody released a permit of it that he did not hold: nobody holds
// any.
bool IsSignalled(const Observations& observations, ObjectIndex object);

// The dependency as a request under nothing.
Request WithEmptyHands(Dependency& dependency);

// Whether anybody may end a wait for the object, or its end takes several who
// are not known: nobody who holds it is the one to wait for.
bool AnybodyReleases(const Observations& observations, ObjectIndex object);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_PERMITS_H_
