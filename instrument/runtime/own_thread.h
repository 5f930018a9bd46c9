// A thread of the runtime itself: detached, and with every signal blocked, so
// that the program's handlers never run in it. Those that run are counted in
// ForkPage::own_threads.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_OWN_THREAD_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_OWN_THREAD_H_

namespace lockcheck::runtime {

// False: there is none. Allocates, as pthread_create() does.
bool StartOwnThread(void* (*run)(void*));

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_OWN_THREAD_H_
