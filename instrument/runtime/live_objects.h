// What the objects of a program with mode=live are, as long as they are there.
//
// Problem: a log keeps the description of every object for good; a program that
// runs for months and takes ever new locks cannot. Ids, too, have to be used
// again: those below log::kShortObjects are faster.
//
// Guarantees: no id is used again while a dependency, a record of the log, or
// what some thread remembers of its ways (live.h) may refer to the object that
// had it. So an id that is free waits until kBatch others are, and then all
// threads forget their ways.
//
// Threading: under one lock of the caller's. Never calls malloc.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_OBJECTS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_OBJECTS_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/live_memory.h"
#include "instrument/runtime/objects.h"

namespace lockcheck::runtime {

// The name's bytes stand behind it.
struct LiveObject {
  uint32_t id;
  uint32_t place;
  uint32_t site;
  uint32_t value;
  uint64_t address;
  const char* file;  // of the constructor's call, as long as its module stays
  uint32_t line;
  uint16_t name_size;
  model::ObjectKind kind;
  bool in_log;    // a record in the log names it: it stays
  bool reusable;  // nothing but what is known here can refer to the id
  bool signals;   // it is a semaphore whose permits are no holds
  bool gone;      // destroyed; something refers to it still

  char* name() { return reinterpret_cast<char*>(this + 1); }
  const char* name() const { return reinterpret_cast<const char*>(this + 1); }
};

class LiveObjects {
 public:
  static constexpr size_t kBatch = 1 << 14;
  static constexpr size_t kMostName = 1024;

  // An id that was free, or else the next one.
  uint32_t TakeId();
  // False: no memory, it has no description then.
  bool Describe(uint32_t id, uint32_t place, const ObjectFacts& facts);
  // Null: it has no description.
  LiveObject* Find(uint32_t id);

  // The object is gone, and nothing refers to it. True: the next ids may be
  // given out again once all threads have forgotten their ways; Recycle() is to
  // follow.
  bool Release(uint32_t id);
  void Recycle();

  // Calls visit(const LiveObject&) for each.
  template <typename Visit>
  void ForEach(Visit visit) const {
    objects_.ForEach([&](const void* value) {
      visit(*static_cast<const LiveObject*>(value));
    });
  }

 private:
  LivePool pool_;
  LiveTable objects_;
  LiveList<uint32_t> waiting_;
  LiveList<uint32_t> free_;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_OBJECTS_H_
