// A thread of the runtime itself: detached, and with every signal blocked, so
// that the program's handlers never run in it. Those that run are known by
// their ids.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_OWN_THREAD_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_OWN_THREAD_H_

#include <cstdint>

namespace lockcheck::runtime {

// False: there is none. Allocates, as pthread_create() does.
bool StartOwnThread(void* (*run)(void*));

// False of some of them, if there are more than ForkPage has room for.
bool IsOwnThread(uint32_t tid);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_OWN_THREAD_H_
