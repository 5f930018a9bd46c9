// What this process, with mode=live, knows of its objects, their order and its
// threads' ends: the one LiveObjects, the one LiveOrder and the one LiveEnds.
//
// Threading: any thread, under ProcessLock inside; a forked child has a copy
// (or nothing, if another thread was at it). No function waits for anything
// else or calls malloc.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_BOOK_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_BOOK_H_

#include <cstdint>

#include "instrument/runtime/live_declared.h"
#include "instrument/runtime/live_ends.h"
#include "instrument/runtime/live_memory.h"
#include "instrument/runtime/live_order.h"
#include "instrument/runtime/objects.h"

namespace lockcheck::runtime {

// Of an object that begins; returns its id.
uint32_t AddLiveObject(uint32_t place, const ObjectFacts& facts);
// It is gone. Not `reusable`: some thread may refer to the id still, as to a
// lock that was destroyed while it was held.
void ForgetLiveObject(uint32_t id, bool reusable);
// A record that stays names it.
void KeepLiveObject(uint32_t id);
// What an object is called, for a line on standard error.
struct LiveName {
  char name[64];     // its beginning; empty: it has none
  const char* file;  // null: not known
  uint32_t line;
};
LiveName NameOfLiveObject(uint32_t id);
// It is a semaphore that somebody else than a holder has released.
void NoteLiveSignals(uint32_t id);

// The program declares that the first object is taken before the second one. If
// that is new, all threads forget their ways.
void DeclareLiveOrder(uint32_t first, uint32_t second, uint32_t site);
// Whether it ever has; no look into the book.
bool AnyLiveOrderDeclared();
LiveDeclared::Broken FindBrokenLiveOrder(const LiveOrder::Request& request);

LiveOrder::Answer NoteLiveRequest(const LiveOrder::Request& request);

// A request by a thread that may be joined.
struct LiveWantedAnswer {
  LiveOrder::Answer answer;
  bool has_room;  // for another one of this actor
};
LiveWantedAnswer NoteLiveWanted(uint32_t actor, const LiveBegin& begin,
                                const LiveEnds::Wanted& wanted);
// That such a thread ended, that it is joined under the locks that the request
// for its end says, and that it was joined.
void NoteLiveEnd(uint32_t actor);
LiveOrder::Answer NoteLiveJoin(const LiveOrder::Request& request);
void NoteLiveJoined(uint32_t actor);

// Writes the records that define these objects, or the first of them: at most
// so many words. Returns how many.
size_t DefineLiveObjects(const uint32_t* ids, size_t count, uint32_t* words,
                         size_t most);

inline constexpr size_t kLiveBeginWords = 5;

// All of it, for the analyzer.
struct LiveBook {
  LiveList<uint32_t> facts;        // LiveFact
  LiveList<uint32_t> definitions;  // whole records of the log
  // Of each actor that was joined under a lock: itself, and kLiveBeginWords of
  // a record that says how it began.
  LiveList<uint32_t> begins;
  uint32_t candidates = 0;  // those that it has
};
// False: no memory. Release the lists either way.
bool CopyLiveBook(LiveBook& book);
// The analyzer has seen what a copy had.
void JudgedLiveOrders(uint32_t candidates);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_BOOK_H_
