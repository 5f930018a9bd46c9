// The orders of locks that a program with mode=live has declared.
//
// Problem: who asks for a lock under one that was declared to come after it
// must be told so in the program, when it first comes that way; a log to look
// into afterwards there is none.
//
// Guarantees: orders add up. What is declared goes with its locks. When a lock
// goes that is both after one and before another one, those two are still in
// order: they get one of their own. So there is at most one for each two of the
// locks that are there, and kMostOrders in all.
//
// Threading: under one lock of the caller's. Never calls malloc. Cost: a look
// into a table for a declaration; of a question, the orders that lead from the
// lock asked for, kMostSteps at most; of a lock that goes, those before it
// times those after it.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_DECLARED_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_DECLARED_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/live_memory.h"

namespace lockcheck::runtime {

class LiveDeclared {
 public:
  static constexpr size_t kMostSteps = 1 << 16;
  static constexpr size_t kMostOrders = 1 << 18;
  static constexpr uint32_t kShared = 1u << 31;

  // By their ids. False: it is known, or there is no room.
  bool Add(uint32_t first, uint32_t second, uint32_t site);

  struct Broken {
    size_t held = SIZE_MAX;  // index; SIZE_MAX: nothing is broken
    uint32_t site = 0;       // where the last order on the way was declared
  };
  // Of what is held, outermost first, one that is to be taken after `wanted`,
  // unless that is held already. Ids may have their mode with them, as those of
  // LiveOrder.
  Broken Find(uint32_t wanted, const uint32_t* held, size_t count);

  // The lock is gone. Its id may be given to another one.
  void Forget(uint32_t id);

  size_t locks() const { return locks_.size(); }
  size_t orders() const { return orders_.size(); }
  // Some order was left out: there were kMostOrders, or no memory.
  bool is_full() const { return is_full_; }
  // Some question was given up after kMostSteps.
  bool is_cut() const { return is_cut_; }

 private:
  struct Lock;
  struct Order;
  // Its place in a list.
  struct Link {
    Order* next;
    Order** at;  // what points to it
  };
  // From the lock that is taken first; on its list, and on the other one's.
  struct Order {
    Lock* first;
    Lock* second;
    uint32_t site;
    Link after;   // among those of the first lock
    Link before;  // among those of the second lock
  };
  struct Lock {
    uint32_t id;
    uint32_t round;  // of the last search that came here
    Order* after;    // those in which it is the first
    Order* before;   // those in which it is the second
    uint32_t site;   // in that search, of the order that led here
  };

  static uint64_t KeyOf(uint32_t first, uint32_t second) {
    return uint64_t{first} << 32 | second;
  }
  static void PutFirst(Order*& list, Link Order::*link, Order* order);
  static void TakeOut(Link Order::*link, Order* order);
  Lock* LockOf(uint32_t id);
  void Bridge(const Lock& lock);
  void Drop(Order* order);
  void DropIfUnused(Lock& lock);

  LivePool pool_;
  LiveTable locks_;   // by id
  LiveTable orders_;  // by KeyOf
  LiveList<Lock*> open_;
  uint32_t round_ = 0;
  bool is_full_ = false;
  bool is_cut_ = false;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_DECLARED_H_
