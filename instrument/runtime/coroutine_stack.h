// Who awaits whom within a coroutine: the stack that a suspended one has.
//
// Problem: a suspended coroutine has no stack of its thread. What led to where
// it is are the tasks that await each other, of which each knows where it is
// awaited (AwaitFrame). That is a slot, as of any other site, so it costs two
// stores for each task.
//
// What is not known: coroutines of another type than coroutine::task in
// between, and those of Boost.Asio.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_STACK_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_STACK_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/message.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/internal/coroutine_hooks.h"

namespace lockcheck::runtime {

// Where its tasks are awaited, innermost first; what it awaits itself is in
// none.
struct AwaitPlaces {
  static constexpr size_t kMost = 8;
  const void* pcs[kMost];
  size_t count = 0;
};
// Of a coroutine that is suspended, and stays so meanwhile.
AwaitPlaces PlacesOf(const internal::CoroutineRecord& coroutine);
// "; awaited in f; awaited in main".
void NamePlaces(Message& m, const AwaitPlaces& places);

// Records the stack, once for each, of the wait that the coroutine has just
// begun; the thread is still it.
void NoteAwaitStack(Thread* t, const internal::CoroutineRecord& coroutine);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_STACK_H_
