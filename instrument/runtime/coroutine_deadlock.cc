#include "instrument/runtime/coroutine_deadlock.h"

#include <cstring>

#include "instrument/runtime/holding.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

using internal::CoroutineRecord;
using internal::CoroutineWait;

// Each is compared with each, some times.
constexpr size_t kMostMarked = 1000;

struct SeenLock {
  uint32_t owner = 0;      // 0: none that is known, or it is read
  uint32_t held_site = 0;  // of the last acquisition
  uint32_t object = 0;     // 0: not known
};

// A lock that is destroyed while it is waited for may be gone.
SeenLock ReadLock(const CoroutineWait& wait) {
  alignas(LockState) char copy[sizeof(LockState)];
  if (!ReadMemory(wait.lock, copy, sizeof(copy))) return {};
  const auto field = [&](size_t offset) {
    uint32_t value;
    memcpy(&value, copy + offset, sizeof(value));
    return value;
  };
  const uint32_t word = field(offsetof(LockState, word));
  SeenLock seen;
  if ((word & internal::kReading) == 0) {
    seen.owner = word & internal::kOwnerMask;
  }
  seen.held_site = SiteOfTag(field(offsetof(LockState, holder_site)));
  seen.object = field(offsetof(LockState, tag)) >> 3;
  return seen;
}

// Who is waited for; 0: nobody that is known. What was handed over to who waits
// is no longer waited for, though it has not gone on yet.
uint32_t NextOf(const CoroutineRecord& coroutine,
                uint32_t* held_site = nullptr) {
  const CoroutineWait& wait = *coroutine.wait;
  if (wait.lock == nullptr) return wait.joined;
  const SeenLock seen = ReadLock(wait);
  if (held_site != nullptr) *held_site = seen.held_site;
  return seen.owner == coroutine.actor && !wait.is_own ? 0 : seen.owner;
}

CoroutineRecord* FindWaiting(uint32_t actor) {
  CoroutineRecord* const coroutine = WaitingCoroutine(actor);
  if (coroutine == nullptr || coroutine->wait == nullptr ||
      coroutine->wait->timed || coroutine->gives_up) {
    return nullptr;
  }
  return coroutine;
}

void NameCoroutine(Message& m, const StuckCoroutine& stuck) {
  m << "A" << uint64_t{stuck.actor};
  if (stuck.name != nullptr) m << " " << stuck.name;
}

void NamePlace(Message& m, uint32_t site) {
  if (const void* const pc = PcOfSite(site)) {
    m << ", in ";
    NameFunction(m, pc);
  }
}

}  // namespace

CoroutineRecord* CertainlyWaiting(uint32_t actor) { return FindWaiting(actor); }

uint32_t WhomItAwaits(const CoroutineRecord& coroutine, uint32_t* held_site) {
  return NextOf(coroutine, held_site);
}

// Returns whom it waits for.
uint32_t CoroutineDeadlock::Note(CoroutineRecord& coroutine) {
  const CoroutineWait& wait = *coroutine.wait;
  StuckCoroutine stuck;
  stuck.actor = coroutine.actor;
  stuck.joined = wait.joined;
  stuck.signal = wait.signal;
  stuck.site = wait.site;
  stuck.name = coroutine.name;
  stuck.places = PlacesOf(coroutine);
  const uint32_t next = NextOf(coroutine, &stuck.held_site);
  if (wait.lock != nullptr && (next != 0 || wait.is_left)) {
    stuck.lock =
        internal::LowHalf(reinterpret_cast<const uint32_t*>(wait.lock));
    stuck.lock_name = wait.lock_name;
    stuck.lock_file = wait.lock_file;
    stuck.lock_line = wait.lock_line;
  }
  if (size_ < kMostSaid) stuck_[size_] = stuck;
  ++size_;
  return next;
}

// Of a cycle that the coroutine is not in, but waits for, something was said
// before: the walk would go round in it for ever, so another one follows at
// half the pace (Floyd).
bool CoroutineDeadlock::Find(uint32_t actor) {
  size_ = 0;
  uint32_t slow = actor;
  uint32_t at = actor;
  while (CoroutineRecord* const coroutine = FindWaiting(at)) {
    at = Note(*coroutine);
    if (at == actor) return true;
    if (size_ % 2 == 0) {
      const CoroutineRecord* const behind = FindWaiting(slow);
      slow = behind == nullptr ? 0 : NextOf(*behind);
      if (slow == at) return false;
    }
  }
  return false;
}

bool CoroutineDeadlock::FindGone(uint32_t actor) {
  size_ = 0;
  CoroutineRecord* const coroutine = FindWaiting(actor);
  if (coroutine == nullptr || coroutine->wait->lock == nullptr ||
      WasUnlockedByOther()) {
    return false;
  }
  const uint32_t owner = Note(*coroutine);
  gone_ = owner != 0 && HasEnded(owner) ? owner : 0;
  return gone_ != 0;
}

namespace {

using Records = internal::CoroutineRecord* const*;

bool IsLeft(uint32_t actor) {
  const CoroutineRecord* const coroutine = FindWaiting(actor);
  return coroutine != nullptr && coroutine->wait->is_left;
}

// Whether one of them that is left reads it.
bool IsReadByLeft(uint32_t object, Records coroutines, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const CoroutineRecord& reader = *coroutines[i];
    if (!IsLeft(reader.actor)) continue;
    for (uint32_t h = 0; h < reader.held_count; ++h) {
      if (ObjectOf(reader.held[h]) == object) return true;
    }
  }
  return false;
}

bool WaitsForLeft(const CoroutineRecord& coroutine, Records coroutines,
                  size_t count) {
  const CoroutineWait& wait = *coroutine.wait;
  if (wait.signal != 0) return true;
  const uint32_t next = NextOf(coroutine);
  if (next != 0) return IsLeft(next) || HasEnded(next);
  if (!wait.shared) return false;
  const uint32_t object = ReadLock(wait).object;
  return object != 0 && IsReadByLeft(object, coroutines, count);
}

// Which of them wait for each other, or for a signal: all, until it is seen of
// one that somebody else may let it go on. (Who waits to read waits behind a
// writer, and that one for the readers.)
void MarkLeft(Records coroutines, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const CoroutineRecord* const coroutine = FindWaiting(coroutines[i]->actor);
    if (coroutine != nullptr) coroutine->wait->is_left = true;
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < count; ++i) {
      // Of Asio's, who waits has a record of its own.
      const CoroutineRecord* const waiting = FindWaiting(coroutines[i]->actor);
      if (waiting == nullptr || !waiting->wait->is_left ||
          WaitsForLeft(*waiting, coroutines, count)) {
        continue;
      }
      waiting->wait->is_left = false;
      changed = true;
    }
  }
}

}  // namespace

bool CoroutineDeadlock::FindLeft(CoroutineRecord* const* coroutines,
                                 size_t count) {
  size_ = 0;
  if (count <= kMostMarked) MarkLeft(coroutines, count);
  for (size_t i = 0; i < count; ++i) {
    CoroutineRecord* const coroutine = FindWaiting(coroutines[i]->actor);
    if (coroutine == nullptr) continue;
    const CoroutineWait& wait = *coroutine->wait;
    are_left_ |= wait.signal != 0 || (wait.shared && wait.is_left);
    Note(*coroutine);
  }
  return are_left_;
}

// If one is to fail the others go on, or wait for somebody else.
bool CoroutineDeadlock::Claim(bool one) const {
  if (owner_has_ended()) {
    static GrowingSet said;
    return said.Insert(uint64_t{gone_} << 32 | stuck_[0].lock);
  }
  uint32_t at = actor();
  for (size_t i = 0; i < size_; ++i) {
    const CoroutineRecord* const coroutine = FindWaiting(at);
    // Null: another one unlocked what is held, against the rules.
    if (coroutine == nullptr || coroutine->wait->is_claimed) return false;
    at = NextOf(*coroutine);
  }
  at = actor();
  for (size_t i = 0; i < (one ? 1 : size_); ++i) {
    const CoroutineRecord* const coroutine = FindWaiting(at);
    if (coroutine == nullptr) break;
    coroutine->wait->is_claimed = true;
    at = NextOf(*coroutine);
  }
  return true;
}

void CoroutineDeadlock::SayHeadline() const {
  Message m;
  m << "DEADLOCK: ";
  if (are_left_) {
    m << uint64_t{size_} << (size_ == 1 ? " coroutine is" : " coroutines are")
      << " suspended, and nobody is left who would resume one";
  } else if (owner_has_ended()) {
    m << "a coroutine waits for a lock whose owner has ended";
  } else if (size_ == 1) {
    m << "a coroutine waits for itself";
  } else {
    m << uint64_t{size_} << " coroutines wait for each other";
  }
}

void CoroutineDeadlock::SayEach() const {
  const size_t said = size_ < kMostSaid ? size_ : kMostSaid;
  for (size_t i = 0; i < said; ++i) {
    const StuckCoroutine& stuck = stuck_[i];
    Message m;
    m << "  ";
    NameCoroutine(m, stuck);
    m << " awaits ";
    if (stuck.joined != 0) {
      m << "the end of A" << uint64_t{stuck.joined};
    } else if (stuck.signal != 0) {
      const auto kind = static_cast<model::ObjectKind>(stuck.signal);
      m << "a signal (" << model::PrimitiveOf(kind).name << ")";
    } else if (stuck.lock_name != nullptr) {
      m << "\"" << stuck.lock_name << "\"";
    } else {
      m << "the lock made at " << stuck.lock_file << ":"
        << uint64_t{stuck.lock_line};
    }
    NamePlace(m, stuck.site);
    NamePlaces(m, stuck.places);
    if (stuck.held_site != 0) {
      m << "; it was taken";
      NamePlace(m, stuck.held_site);
      if (owner_has_ended()) m << ", by A" << uint64_t{gone_};
    }
  }
  if (said < size_) {
    Message() << "  and " << uint64_t{size_ - said} << " more";
  }
}

}  // namespace lockcheck::runtime
