// Actors that another actor's thread carries: tasks of a pool, coroutines.
//
// Their records stand in the thread's block, in segments of their own. The
// thread is busy in all of this.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_CARRIED_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_CARRIED_H_

#include <cstdint>
#include <cstring>

#include "instrument/runtime/record.h"
#include "instrument/runtime/thread.h"
#include "lib/log/format.h"
#include "lockcheck/internal/seen.h"

namespace lockcheck::runtime {

// Of what is written when an actor begins or ends, beside its segment: there
// must be room for it, or the block might end between two actors.
inline constexpr size_t kFewWords = 64;

// Reading the time is what costs most: once for records in a row.
inline void WriteForkOf(Thread* t, uint32_t actor, uint64_t now) {
  Begin(t, 4).Word(actor).U64(now).End(log::Op::kFork);
}

inline void WriteJoinBlockOf(Thread* t, uint32_t actor, uint32_t site,
                             uint64_t now, uint32_t how = 0) {
  Begin(t, 5).Word(actor).Word(site).U64(now).End(log::Op::kJoinBlock, how);
}

inline void WriteJoinOf(Thread* t, uint32_t actor, uint64_t now) {
  Begin(t, 3).U64(now).End(log::Op::kUnblock,
                           static_cast<uint32_t>(model::Outcome::kAcquired));
  Begin(t, 4).Word(actor).U64(now).End(log::Op::kJoin);
}

// What it has used is in the end of its thread.
inline void WriteEndOfCarried(Thread* t) {
  Begin(t, 8).U64(Ticks()).U64(0).Word(0).Word(0).End(log::Op::kEnd);
}

inline void WriteNameOf(Thread* t, uint32_t actor, const char* name) {
  const size_t size = strnlen(name, kNameBytes);
  Begin(t, 4 + size / 4)
      .Word(actor)
      .Text(name, size)
      .End(log::Op::kDefName, static_cast<uint32_t>(log::NameTarget::kActor));
}

// Of what the thread records from now on. What the other has recorded this one
// has not.
inline void BeActor(Thread* t, uint32_t actor) {
  t->hot.actor = actor;
  t->kept().actor = actor;
  internal::ForgetSeen(&t->hot);
}

// There must be room for a segment.
inline void BecomeActor(Thread* t, uint32_t actor, uint32_t segment) {
  BeActor(t, actor);
  BeginSegment(t, segment);
}

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_CARRIED_H_
