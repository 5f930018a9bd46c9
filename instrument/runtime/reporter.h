// Says which lock orders can become a deadlock, beside the program.
//
// Problem: the thread whose request closes a cycle of lock orders holds one
// lock of it and is about to ask for the next. If it waited there for the
// command that prints the report, some 50 ms, a window of nanoseconds would
// become one in which the deadlock does happen. So the request is only noted;
// when it has been granted, or has waited in vain for 10 ms, a thread of the
// runtime's own is told, and that one takes the snapshot and runs the command.
//
// Guarantees: a request that closes an actual deadlock too is not announced,
// the report on that says it all. What was announced is shown once, at the
// program's end at the latest (a program that is killed within those 50 ms does
// not show it).
//
// The reporter begins with the first announcement and ends when nothing has
// come for a second: a program whose main thread has left by pthread_exit()
// ends with its last thread. It is no actor, takes no signal and none of the
// program's locks. A forked child has none, and can begin one. Starting it
// allocates, once or so in a process's life, so that an allocator must not be
// built on these locks.
//
// Cost: a request that closes nothing, one load and a branch.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_REPORTER_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_REPORTER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "instrument/runtime/thread.h"

namespace lockcheck::runtime {

// What the line says that is printed without the command. The lock may be gone
// by then, and so may the library whose text its place is.
struct Closing {
  ClosingRequest::What what;
  uint32_t actor;
  uint32_t site;
  uint32_t held_site;
  uint32_t line;
  char file[152];  // its end, if it is longer
};

// What has to be shown; in the page that fork() wipes. Under ProcessLock but
// for the atomic fields.
struct Reports {
  static constexpr size_t kMost = 16;
  std::atomic<uint32_t> announced;  // futex
  std::atomic<uint32_t> shown;      // futex: of those announced
  std::atomic<bool> running;        // there is a reporter
  std::atomic<bool> rest;           // something is left for the end
  std::atomic<bool> showing;        // somebody runs the command
  uint32_t count;
  Closing closings[kMost];
};

// The request that the thread is about to make closes a cycle of lock orders.
// `lock`: null if it is for a thread's end.
void NoteClosing(Thread* t, const LockState* lock, uint32_t site,
                 ClosingRequest::What what);

// The thread's request is granted, or has waited for long and closed no actual
// deadlock.
void AnnounceClosing(Thread* t);
inline void AnnounceIfClosing(Thread* t) {
  if (__builtin_expect(t->closing.what != ClosingRequest::kNone, false)) {
    AnnounceClosing(t);
  }
}
// It has closed one.
inline void DropClosing(Thread* t) { t->closing.what = ClosingRequest::kNone; }

// Waits until what was announced has been shown, as long as the command may
// take.
void AwaitReports();
// At the program's end: shows what is left.
void ShowRest();

// How many lock orders that can become a deadlock were shown, and have not.
uint32_t CountOrders();
// How many were not, because they are suppressed.
uint32_t CountSuppressedOrders();
// So many of them have.
void UncountOrders(uint32_t count);
// Whether, without the command, one was said of a request at `site` under what
// was taken at `held_site`; true once. It is not said any more.
bool TakeSaidOrder(uint32_t held_site, uint32_t site);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_REPORTER_H_
