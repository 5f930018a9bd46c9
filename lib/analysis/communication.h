// Deadlocks through signals that can happen: whoever would have to post waits
// for who waits for the post.
//
// Problem: a cycle of locks shows in what each actor holds when it asks. Who
// waits for a semaphore, an event, an item, a notification holds up nobody in
// particular, and whoever posts it ends the wait. So such a wait is a part of a
// deadlock only if every actor that still posts waits, too.
//
// Algorithm: from each wait for a signal, a set of waits is completed that has
// for each of its members what that waits for: the holder of the lock, the
// joined actor, all who post. Each complete set is put to the events of the
// recording (standstill.h): all its actors come to their waits, with what each
// event was seen to need, and none of them can go on. Nothing is reported
// without that. Of those who end the items of a queue one is tried first that
// has some, then all. A wait in no complete set is not looked at again.
//
// A set of which that is so is put in one order and replayed
// (confirm_communication.h): then it is confirmed.
//
// What is assumed: that nobody posts but those who did so in this recording.
// Bounds: the beginning of a long recording is looked at, and so many sets;
// what is left out is in `notes`.
#ifndef LOCKCHECK_LIB_ANALYSIS_COMMUNICATION_H_
#define LOCKCHECK_LIB_ANALYSIS_COMMUNICATION_H_

#include <cstdint>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

struct CommunicationOptions {
  uint64_t max_sets = 100'000;     // looked at, complete or not
  uint64_t max_work = 20'000'000;  // events taken in, of all sets
  size_t max_actors = 256;         // of a set
  size_t max_nodes = 4'000'000;    // places to wait, and what is held there
  // After so many it is asked of each two members whether they
  // can meet at all (meetings.h).
  uint64_t few_sets = 32;
  uint64_t max_replayed = 8'000'000;  // events, of all schedules
  size_t max_steps = 20'000;          // of a witness, that do not matter
  size_t max_all_steps = 500'000;     // of all
};

// Appends.
void FindCommunication(const Trace& trace, const CommunicationOptions& options,
                       Findings& result);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_COMMUNICATION_H_
