#include "instrument/runtime/carrier_deadlock.h"

#include <sys/stat.h>

#include <algorithm>

#include "instrument/runtime/held_across.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/lock_word.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/own_thread.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

using internal::Carrier;
using internal::CoroutineRecord;

// Of threads and of coroutines that are met; with more nothing is found.
constexpr size_t kMostMet = 512;

struct Met {
  Thread* thread;
  Wanted wanted;
  uint32_t number;
  uint32_t word;  // of the lock
  uint32_t held_site;
  CoroutineRecord* holder;  // that has it; null: a thread
};

// Guarded by the guard of coroutines.
Met g_met[kMostMet];
CoroutineRecord* g_holders[kMostMet];

// 0: not known. A folder of /proc has a link for each folder in it; no file is
// opened, for whoever runs may rely on the number of its next one.
uint64_t CountTasks() {
  const KeepErrno keep_errno;
  struct stat tasks;
  constexpr uint64_t kItself = 2;
  return stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink <= kItself
             ? 0
             : tasks.st_nlink - kItself;
}

uint64_t CountOwnThreads() {
  uint64_t count = 0;
  for (const auto& tid : g_fork_page->own_tids) count += tid.load() != 0;
  return count;
}

}  // namespace

class CarrierSearch {
 public:
  CarrierSearch(const Thread* t, bool nobody_moves)
      : process_(t->process), nobody_moves_(nobody_moves) {}

  bool Search(Thread* t) {
    if (!Meet(t) || !FollowAll() || holders_ == 0) return false;
    if (others_may_come_ && !nobody_moves_ && !AreAllMet()) return false;
    return StillStands();
  }

  void Tell(CarrierDeadlock& said) const {
    for (size_t i = 0; i < met_; ++i) {
      const Met& met = g_met[i];
      if (met.holder == nullptr ||
          said.wait_count_ == CarrierDeadlock::kMostSaid) {
        continue;
      }
      CarrierDeadlock::Waiting& wait = said.waits_[said.wait_count_++];
      wait.actor = met.wanted.actor;
      wait.site = met.wanted.site;
      wait.held_site = met.held_site;
      wait.holder = met.holder->actor;
      wait.lock_name = met.wanted.lock->name;
      wait.lock_file = met.wanted.lock->file;
      wait.lock_line = met.wanted.lock->line;
    }
    for (size_t i = 0; i < holders_; ++i) {
      const CoroutineRecord& r = *g_holders[i];
      // Nobody is in run(): whoever could come there waits.
      if (r.context->carriers == nullptr) AddPair(said, r, g_met[0].thread);
      for (const Carrier* c = r.context->carriers; c != nullptr;
           c = c->next_of_context) {
        AddPair(said, r, static_cast<const Thread*>(c->recorded));
      }
    }
  }

  // Whether nobody has said it; if so, it is said from now on.
  bool Claim(bool one) const {
    for (size_t i = 0; i < met_; ++i) {
      if (g_met[i].thread->waiting.reported == MarkOf(g_met[i])) return false;
    }
    for (size_t i = 0; i < (one ? 1 : met_); ++i) {
      g_met[i].thread->waiting.reported = MarkOf(g_met[i]);
    }
    return true;
  }

 private:
  static void AddPair(CarrierDeadlock& said, const CoroutineRecord& r,
                      const Thread* carrier) {
    if (said.pair_count_ == CarrierDeadlock::kMostSaid) return;
    said.pairs_[said.pair_count_++] = {r.actor, ActorOf(carrier), r.name,
                                       r.await_site, PlacesOf(r)};
  }
  // As of other deadlocks: odd, as the number of a wait is.
  static uint64_t MarkOf(const Met& met) {
    return uint64_t{met.wanted.actor} << 32 | met.number;
  }

  // False: it goes on, or may.
  bool Meet(Thread* t) {
    for (size_t i = 0; i < met_; ++i) {
      if (g_met[i].thread == t) return true;
    }
    if (met_ == kMostMet) return false;
    Met& met = g_met[met_];
    met = {};
    met.thread = t;
    if (!SeeWait(t, &met.wanted, &met.number) || met.wanted.timed ||
        met.wanted.outside || met.wanted.process) {
      return false;
    }
    ++met_;
    return true;
  }

  bool FollowAll() {
    for (; followed_ < met_; ++followed_) {
      if (!Follow(g_met[followed_])) return false;
    }
    return true;
  }

  bool Follow(Met& met) {
    const Wanted& wanted = met.wanted;
    Thread* next = nullptr;
    if (wanted.lock == nullptr) {
      // Whoever moves may signal it.
      if (wanted.joined == 0) return nobody_moves_;
      next = ThreadOf(wanted.joined);
    } else {
      LockWord lock;
      if (!ReadLockWord(wanted.lock, &lock)) return false;
      met.word = lock.word;
      met.held_site = lock.held_site;
      // Of readers nobody knows all.
      if (wanted.shared && (met.word & internal::kReading) != 0) return false;
      const uint32_t owner = met.word & internal::kOwnerMask;
      met.holder = SuspendedHolder(owner, lock.object);
      if (met.holder != nullptr) return MeetCarriers(*met.holder);
      next = ThreadOf(owner);
    }
    return next != nullptr && Meet(next);
  }

  bool MeetCarriers(CoroutineRecord& r) {
    const auto end = g_holders + holders_;
    if (std::find(g_holders, end, &r) != end) return true;
    if (holders_ == kMostMet || r.process != process_ || r.context == nullptr) {
      return false;
    }
    g_holders[holders_++] = &r;
    size_t count = 0;
    for (const Carrier* c = r.context->carriers; c != nullptr;
         c = c->next_of_context) {
      auto* const carrier = static_cast<Thread*>(c->recorded);
      if (carrier == nullptr || !Meet(carrier)) return false;
      ++count;
    }
    others_may_come_ |= count == 0 || count < r.context->most_carriers ||
                        r.context->most_carriers == 0;
    return true;
  }

  // Nobody else is left in the process who could come to run().
  bool AreAllMet() {
    for (Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
      if (IsAlive(t) && !IsOwnThread(TidOf(t)) && !Meet(t)) return false;
    }
    return FollowAll() && met_ + CountOwnThreads() == CountTasks();
  }

  bool StillStands() const {
    for (size_t i = 0; i < met_; ++i) {
      const Met& met = g_met[i];
      LockWord lock;
      if (met.wanted.lock != nullptr &&
          (!ReadLockWord(met.wanted.lock, &lock) ||
           ((lock.word ^ met.word) & internal::kOwnerMask) != 0)) {
        return false;
      }
      Wanted wanted;
      uint32_t number;
      if (!SeeWait(met.thread, &wanted, &number) || number != met.number) {
        return false;
      }
    }
    return true;
  }

  const uint32_t process_;
  const bool nobody_moves_;
  bool others_may_come_ = false;
  size_t met_ = 0, followed_ = 0, holders_ = 0;
};

namespace {

void NamePlace(Message& m, const char* before, uint32_t site) {
  if (const void* const pc = PcOfSite(site)) {
    m << before;
    NameFunction(m, pc);
  }
}

}  // namespace

bool CarrierDeadlock::Find(Thread* t, bool nobody_moves) {
  if (!IsAnyHeldAcross()) return false;
  const TriedCoroutineGuard guard;
  if (!guard.has()) return false;
  CarrierSearch search(t, nobody_moves);
  if (!search.Search(t)) return false;
  const bool one = g_options.on_deadlock == OnDeadlock::kThrow;
  if (!search.Claim(one)) return false;
  search.Tell(*this);
  return pair_count_ != 0;
}

void CarrierDeadlock::WriteNotes(Thread* t) const {
  if (t->live) return;
  for (size_t i = 0; i < pair_count_; ++i) {
    const uint64_t value =
        uint64_t{pairs_[i].carrier} << 32 | pairs_[i].coroutine;
    Begin(t, 4).U64(value).End(
        log::Op::kNote, static_cast<uint32_t>(log::NoteKind::kNoCarrier));
  }
}

void CarrierDeadlock::SayHeadline() const {
  Message m;
  m << "DEADLOCK: a thread waits for a lock of a suspended coroutine, and no "
       "thread is left that could resume it";
}

void CarrierDeadlock::SayEach() const {
  for (size_t i = 0; i < pair_count_; ++i) {
    const Pair& pair = pairs_[i];
    // Once for each coroutine.
    if (i != 0 && pair.coroutine == pairs_[i - 1].coroutine) continue;
    Message m;
    m << "  A" << uint64_t{pair.coroutine};
    if (pair.name != nullptr) m << " " << pair.name;
    m << " is suspended";
    NamePlace(m, ", in ", pair.await_site);
    NamePlaces(m, pair.places);
  }
  for (size_t i = 0; i < wait_count_; ++i) {
    const Waiting& wait = waits_[i];
    Message m;
    m << "  A" << uint64_t{wait.actor} << " waits for ";
    if (wait.lock_name != nullptr) {
      m << "\"" << wait.lock_name << "\"";
    } else {
      m << "the lock made at " << wait.lock_file << ":"
        << uint64_t{wait.lock_line};
    }
    NamePlace(m, ", in ", wait.site);
    m << "; A" << uint64_t{wait.holder} << " took it";
    NamePlace(m, ", in ", wait.held_site);
  }
}

}  // namespace lockcheck::runtime
