// Locks whose owner is gone: it ended while it held them, or it stayed in the
// parent when this process was forked.
//
// Problem: such an owner waits for nobody, so no cycle of threads shows that a
// wait for its lock never ends. What is known of it is noted when the thread
// ends, and is looked at when somebody has waited for the lock for a while.
//
// Guarantees: nothing false but for one case. Anybody may unlock a lock that is
// not recursive, though that is misuse: in a program that was seen to do so no
// owner is called gone; who does it for the first time later than this is too
// late. A thread may still unlock in its last destructors of thread-specific
// data, when it is recorded no more, so it is gone when the kernel does not
// know it any more.
//
// Threading: any threads; takes no lock. Cost: nothing for a thread that ends
// without a lock; where none ended with one, a load for each wait of 10 ms.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_GONE_OWNER_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_GONE_OWNER_H_

#include <cstdint>

#include "instrument/runtime/table.h"
#include "instrument/runtime/thread.h"

namespace lockcheck::runtime {

struct GoneOwner {
  uint32_t actor;
  uint32_t object;
  uint32_t site;  // where it took the lock; 0: not known
  uint32_t tid;   // 0: it stayed in the parent
  char name[kNameBytes];
};

// The thread, which is busy, ends: it holds for ever what it holds now. Wakes
// those who wait for that, so that they look again.
void NoteHeldAtEnd(Thread* t);

// Whether FindGoneOwner() could come to find one for this request, so that it
// is worth to look again later.
bool MayBeGone(const LockRequest& request);

// Of a lock that the caller waits for: false if its owner may still release it.
bool FindGoneOwner(const LockRequest& request, GoneOwner* owner);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_GONE_OWNER_H_
