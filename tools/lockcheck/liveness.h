// Whether what a log describes is still going on.
//
// Problem: a wait that nobody ends leaves no further record, so a log's last
// stamp may lie hours before now. While a recorded process lives, its waits
// last until this moment.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_LIVENESS_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_LIVENESS_H_

#include <cstdint>

#include "lib/log/recording.h"

namespace lockcheck::tools {

// True if a process with this id runs on this machine and was started at that
// time (field 22 of /proc/PID/stat), so that it is not a later one with the id.
bool IsAlive(uint32_t pid, uint64_t start_time);

// Sets the liveness of the processes that recorded no end, if they were
// recorded on this host, and, if one of them runs, the recording's `now_ticks`.
void FindWhoRuns(log::Recording& recording);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_LIVENESS_H_
