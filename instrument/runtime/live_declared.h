// The orders of locks that a program with mode=live has declared.
//
// Problem: who asks for a lock under one that was declared to come after it
// must be told so in the program, when it first comes that way; a log to look
// into afterwards there is none.
//
// Guarantees: orders add up. What is declared goes with its locks, but for a
// lock that is both after one and before another one, for those two are still
// in order when it is gone: Forget() says whether its id may be given to
// another lock.
//
// Threading: under one lock of the caller's. Never calls malloc. Cost: of a
// question, the declarations that lead from the lock asked for, kMostSteps at
// most.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_DECLARED_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_DECLARED_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/live_memory.h"

namespace lockcheck::runtime {

class LiveDeclared {
 public:
  static constexpr size_t kMostSteps = 1 << 16;
  static constexpr uint32_t kShared = 1u << 31;

  // By their ids. False: no memory, or it is known.
  bool Add(uint32_t first, uint32_t second, uint32_t site);

  struct Broken {
    size_t held = SIZE_MAX;  // index; SIZE_MAX: nothing is broken
    uint32_t site = 0;       // where the last order on the way was declared
  };
  // Of what is held, outermost first, one that is to be taken after `wanted`,
  // unless that is held already. Ids may have their mode with them, as those of
  // LiveOrder.
  Broken Find(uint32_t wanted, const uint32_t* held, size_t count);

  // The lock is gone. False: its id stands for it still.
  bool Forget(uint32_t id);

  size_t locks() const { return locks_.size(); }

 private:
  struct Lock;
  // From the lock that is taken first; on its list, and on the other one's.
  struct Order {
    Lock* first;
    Lock* second;
    uint32_t site;
    Order* next_after;   // of the same first lock
    Order* next_before;  // of the same second lock
  };
  struct Lock {
    uint32_t id;
    uint32_t round;  // of the last search that came here
    Order* after;    // those in which it is the first
    Order* before;   // those in which it is the second
    uint32_t site;   // in that search, of the order that led here
  };

  Lock* LockOf(uint32_t id);
  void Drop(Order* order);
  void DropIfUnused(Lock& lock);

  LivePool pool_;
  LiveTable locks_;  // by id
  LiveList<Lock*> open_;
  uint32_t round_ = 0;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_DECLARED_H_
