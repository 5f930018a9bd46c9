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

// Makes now the recording's last moment if one of its processes is alive.
void ExtendToNow(log::Recording& recording);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_LIVENESS_H_
