// Starts and joins of threads and their names, recorded: of the table, see
// lockcheck/internal/thread_hooks.h.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_THREAD_ACTS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_THREAD_ACTS_H_

#include <cstdint>

#include "instrument/runtime/table.h"

namespace lockcheck::runtime {

void DoAttach(internal::ThreadPointer* pointer);
uint32_t DoFork();
void DoBegin(uint32_t actor, uint32_t parent);
void DoJoinBlock(uint32_t actor, How how, SiteSlot* slot, Caller caller);
void DoJoin(uint32_t actor, Joined joined);
void DoName(const char* name);
uint32_t DoSelf();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_THREAD_ACTS_H_
