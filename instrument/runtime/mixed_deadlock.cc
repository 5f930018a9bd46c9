#include "instrument/runtime/mixed_deadlock.h"

#include "instrument/runtime/coroutine_deadlock.h"
#include "instrument/runtime/held_across.h"
#include "instrument/runtime/lock_word.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {

using internal::CoroutineRecord;

namespace {

void NamePlace(Message& m, uint32_t site) {
  if (const void* const pc = PcOfSite(site)) {
    m << ", in ";
    NameFunction(m, pc);
  }
}

}  // namespace

MixedDeadlock::Met MixedDeadlock::Who(uint32_t actor) {
  Met met{};
  met.coroutine = WaitingCoroutine(actor);
  if (met.coroutine == nullptr) met.thread = ThreadOf(actor);
  met.actor = actor;
  return met;
}

// False: it goes on, or may, or nobody knows whom it waits for.
bool MixedDeadlock::LookAtThread(Met& met) {
  Wanted wanted;
  if (!SeeWait(met.thread, &wanted, &met.number) || wanted.timed ||
      wanted.outside || wanted.process) {
    return false;
  }
  met.site = wanted.site;
  met.joined = wanted.joined;
  met.next = wanted.joined;
  met.name = met.thread->name[0] != 0 ? met.thread->name : nullptr;
  if (wanted.lock == nullptr) return wanted.joined != 0;
  LockWord lock;
  if (!ReadLockWord(wanted.lock, &lock) ||
      (wanted.shared && (lock.word & internal::kReading) != 0)) {
    return false;
  }
  const uint32_t owner = lock.word & internal::kOwnerMask;
  const CoroutineRecord* const holder = SuspendedHolder(owner, lock.object);
  met.next = holder != nullptr ? holder->actor : owner;
  met.held_site = lock.held_site;
  met.lock_name = lock.name;
  met.lock_file = lock.file;
  met.lock_line = lock.line;
  return met.next != 0;
}

bool MixedDeadlock::LookAtCoroutine(Met& met) {
  const CoroutineRecord* const r = CertainlyWaiting(met.actor);
  if (r == nullptr || r != met.coroutine || r->wait->signal != 0) return false;
  met.next = WhomItAwaits(*r, &met.held_site);
  met.site = r->wait->site;
  met.joined = r->wait->joined;
  met.name = r->name;
  met.places = PlacesOf(*r);
  LockWord lock;
  if (r->wait->lock != nullptr && ReadLockWord(r->wait->lock, &lock)) {
    met.lock_name = lock.name;
    met.lock_file = lock.file;
    met.lock_line = lock.line;
  }
  return met.next != 0;
}

bool MixedDeadlock::Look(Met& met) {
  if (met.coroutine != nullptr) return LookAtCoroutine(met);
  return met.thread != nullptr && LookAtThread(met);
}

// A cycle that the first one is not in ends at the bound.
bool MixedDeadlock::Walk(Met first) {
  size_ = 0;
  Met met = first;
  while (size_ < kMost && Look(met)) {
    met_[size_++] = met;
    const Met next = Who(met.next);
    const bool closes = first.coroutine != nullptr
                            ? next.coroutine == first.coroutine
                            : next.thread == first.thread;
    if (closes) return true;
    met = next;
  }
  return false;
}

bool MixedDeadlock::StillStands() const {
  for (size_t i = 0; i < size_; ++i) {
    Met again = met_[i];
    if (!Look(again) || again.next != met_[i].next ||
        again.number != met_[i].number) {
      return false;
    }
  }
  return true;
}

// If one is to be refused the others go on.
bool MixedDeadlock::Claim() const {
  const auto mark = [](const Met& met) {
    return uint64_t{met.actor} << 32 | met.number;
  };
  for (size_t i = 0; i < size_; ++i) {
    const Met& met = met_[i];
    if (met.coroutine != nullptr ? met.coroutine->wait->is_claimed
                                 : met.thread->waiting.reported == mark(met)) {
      return false;
    }
  }
  const bool one = g_options.on_deadlock == OnDeadlock::kThrow;
  for (size_t i = 0; i < (one ? 1 : size_); ++i) {
    const Met& met = met_[i];
    if (met.coroutine != nullptr) {
      met.coroutine->wait->is_claimed = true;
    } else {
      met.thread->waiting.reported = mark(met);
    }
  }
  return true;
}

bool MixedDeadlock::Find(Met first) {
  if (!Walk(first) || !StillStands()) return false;
  bool threads = false, coroutines = false;
  for (size_t i = 0; i < size_; ++i) {
    (met_[i].coroutine != nullptr ? coroutines : threads) = true;
  }
  return threads && coroutines && Claim();
}

bool MixedDeadlock::FindOf(Thread* t) {
  if (!IsAnyHeldAcross()) return false;
  const TriedCoroutineGuard guard;
  Met first{};
  first.thread = t;
  first.actor = ActorOf(t);
  return guard.has() && Find(first);
}

bool MixedDeadlock::FindOf(uint32_t coroutine) {
  if (!IsAnyHeldAcross()) return false;
  const TriedCoroutineGuard guard;
  if (!guard.has()) return false;
  const Met first = Who(coroutine);
  return first.coroutine != nullptr && Find(first);
}

void MixedDeadlock::SayHeadline() const {
  size_t threads = 0;
  for (size_t i = 0; i < size_; ++i) threads += met_[i].thread != nullptr;
  const size_t coroutines = size_ - threads;
  Message m;
  m << "DEADLOCK: " << uint64_t{threads}
    << (threads == 1 ? " thread and " : " threads and ") << uint64_t{coroutines}
    << (coroutines == 1 ? " coroutine wait" : " coroutines wait")
    << " for each other";
}

void MixedDeadlock::NameWanted(Message& m, const Met& met) {
  if (met.joined != 0) {
    m << "the end of A" << uint64_t{met.joined};
  } else if (met.lock_name != nullptr) {
    m << "\"" << met.lock_name << "\"";
  } else if (met.lock_file != nullptr) {
    m << "the lock made at " << met.lock_file << ":" << uint64_t{met.lock_line};
  } else {
    m << "a lock";
  }
}

void MixedDeadlock::SayEach() const {
  for (size_t i = 0; i < size_; ++i) {
    const Met& met = met_[i];
    Message m;
    m << "  A" << uint64_t{met.actor};
    if (met.name != nullptr) m << " " << met.name;
    if (met.thread != nullptr)
      m << " (thread " << uint64_t{met.thread->tid} << ")";
    m << (met.thread != nullptr ? " waits for " : " awaits ");
    NameWanted(m, met);
    NamePlace(m, met.site);
    NamePlaces(m, met.places);
    if (met.held_site != 0) {
      m << "; the other took it";
      NamePlace(m, met.held_site);
    }
  }
}

}  // namespace lockcheck::runtime
