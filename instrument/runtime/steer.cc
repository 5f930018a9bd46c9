#include "instrument/runtime/steer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "instrument/runtime/holding.h"
#include "instrument/runtime/id_table.h"
#include "instrument/runtime/lock_word.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/waiting.h"
#include "lib/model/steer.h"

namespace lockcheck::runtime {

using model::kMostParties;
using model::SteerFile;
using model::SteerParty;
using model::SteerPlace;

std::atomic<bool> g_steers{false};

// One thread that is held back; lives in its stack. Guarded by ProcessLock.
class Meeting {
 public:
  // kHurries: it waits, for a moment longer.
  enum State : uint32_t { kWaits, kHurries, kMet };
  static constexpr size_t kMostHeld = 16;
  struct Held {
    uint32_t object;
    uintptr_t place;  // where it was taken
  };

  Meeting* next = nullptr;
  uint32_t actor = 0;
  // Which ones it may be of: several may ask at one place.
  uint32_t parties = 0;
  // It is where the late one is held back, and may be another one.
  bool is_late = false;
  uint32_t wants = 0;  // object
  uint32_t joins = 0;  // actor, if it wants its end
  Held held[kMostHeld];
  size_t held_count = 0;
  std::atomic<uint32_t> state{kWaits};

  bool IsWaiting() const { return state.load() != kMet; }
};

namespace {

// What a thread goes on waiting for when somebody waits for what it holds:
// those who are on their way to the meeting may be about to come.
constexpr uint64_t kGraceNs = 50'000'000;
constexpr uint64_t kNsPerMs = 1'000'000;

SteerFile* g_file = nullptr;

// By site, which parties ask there (low half) and took there what they have,
// and whether the late one is held back there.
constinit IdTable<> g_places;
constexpr uintptr_t kLateAt = uintptr_t{1} << 63;
static_assert(2 * kMostParties < 63);
constexpr uintptr_t AsksAt(uint32_t party) { return uintptr_t{1} << party; }
constexpr uintptr_t TookAt(uint32_t party) {
  return uintptr_t{1} << (kMostParties + party);
}

Meeting*& First() { return g_fork_page->meetings; }

uint32_t Next(uint32_t party) { return (party + 1) % g_file->parties; }

bool IsOf(const Meeting& m, uint32_t party) {
  return (m.parties >> party & 1) != 0;
}

// ---- Who meets whom ---------------------------------------------------------
// Whether `next`, if it is of the party behind `party`, has what `m` asks for.
bool AsksFor(const Meeting& m, uint32_t party, const Meeting& next) {
  if (g_file->party[party].joins != 0) return m.joins == next.actor;
  return std::any_of(next.held, next.held + next.held_count,
                     [&](const Meeting::Held& held) {
                       return held.object == m.wants &&
                              (held.place & TookAt(Next(party))) != 0;
                     });
}

// Completes chain[0..n), of the parties from `first` on: each asks for what the
// next one has. The last one is of the party before `end`, and `is_end` is true
// of it.
template <typename IsEnd>
bool Complete(Meeting** chain, size_t n, uint32_t first, uint32_t end,
              const IsEnd& is_end) {
  Meeting& last = *chain[n - 1];
  const uint32_t at = (first + static_cast<uint32_t>(n) - 1) % g_file->parties;
  const uint32_t next = Next(at);
  if (next == end) return is_end(last, at);
  for (Meeting* m = First(); m != nullptr; m = m->next) {
    if (!m->IsWaiting() || !IsOf(*m, next) || !AsksFor(last, at, *m)) {
      continue;
    }
    const bool is_in_it = std::any_of(
        chain, chain + n, [&](Meeting* c) { return c->actor == m->actor; });
    if (is_in_it) continue;
    chain[n] = m;
    if (Complete(chain, n + 1, first, end, is_end)) return true;
  }
  return false;
}

void LetGo(Meeting& m) {
  m.state.store(Meeting::kMet);
  Futex(m.state, FUTEX_WAKE, INT32_MAX, nullptr, 0);
}

// Whether somebody waits for a lock that this actor has.
bool KeepsUpSomebody(uint32_t actor) {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    Wanted wanted;
    uint32_t number;
    LockWord read;
    if (SeeWait(t, &wanted, &number) && wanted.lock != nullptr &&
        ReadLockWord(wanted.lock, &read) &&
        (read.word & internal::kOwnerMask) == actor) {
      return true;
    }
  }
  return false;
}

bool IsSame(const SteerPlace& a, const SteerPlace& b) {
  return a.offset == b.offset &&
         strncmp(a.module, b.module, sizeof(a.module)) == 0;
}

// Whether a late one may take what it asks for now: all others are there, and
// the last of them asks for it, or for what it takes inside of that.
bool IsAwaited(const Meeting& late) {
  Meeting* chain[kMostParties];
  const uint32_t first = Next(g_file->late);
  const bool is_outside =
      !IsSame(g_file->late_at, g_file->party[g_file->late].took);
  for (Meeting* m = First(); m != nullptr; m = m->next) {
    if (m == &late || !m->IsWaiting() || !IsOf(*m, first)) continue;
    chain[0] = m;
    const auto asks_for_it = [&](const Meeting& last, uint32_t party) {
      return g_file->party[party].joins != 0
                 ? last.joins == late.actor
                 : is_outside || last.wants == late.wants;
    };
    if (Complete(chain, 1, first, g_file->late, asks_for_it)) return true;
  }
  return false;
}

// Whether the one that has come completes the cycle, in some party.
bool Meet(Meeting& came) {
  for (uint32_t party = 0; party < g_file->parties; ++party) {
    if (!IsOf(came, party)) continue;
    Meeting* chain[kMostParties] = {&came};
    const auto asks_for_it = [&](const Meeting& last, uint32_t its) {
      return AsksFor(last, its, came);
    };
    if (!Complete(chain, 1, party, party, asks_for_it)) continue;
    g_file->met.fetch_add(1);
    for (uint32_t i = 0; i < g_file->parties; ++i) {
      LetGo(*chain[i]);
    }
    return true;
  }
  return false;
}

// Somebody has come.
void Look(Meeting& came) {
  if (Meet(came)) return;
  for (Meeting* m = First(); m != nullptr; m = m->next) {
    if (m->is_late && m->IsWaiting() && IsAwaited(*m)) {
      LetGo(*m);
    }
  }
}

// ---- Being held back --------------------------------------------------------
// Which parties the request may be of; false: none.
bool Understand(Thread* t, uintptr_t place, Meeting& m) {
  const ThreadHolds& h = t->kept().hot;
  uintptr_t took = 0;
  for (const Hold* hold = h.holds;
       hold != h.top && m.held_count < Meeting::kMostHeld; ++hold) {
    const uintptr_t at = g_places.Get(SiteOf(*hold));
    if (at == 0) continue;
    m.held[m.held_count++] = {ObjectOf(*hold), at};
    took |= at;
  }
  const bool is_main = t->tid == static_cast<uint32_t>(getpid());
  bool has_what_one_has = false;
  for (uint32_t party = 0; party < g_file->parties; ++party) {
    const SteerParty& its = g_file->party[party];
    if ((place & AsksAt(party)) == 0 || (its.joins != 0) != (m.joins != 0) ||
        (its.is_main != 0) != is_main) {
      continue;
    }
    // One that took nothing has its own end, for which the one before waits.
    const bool needs_nothing = its.took.module[0] == 0;
    if (!needs_nothing && (took & TookAt(party)) == 0) continue;
    m.parties |= 1u << party;
    has_what_one_has |= !needs_nothing;
  }
  m.is_late = (place & kLateAt) != 0 && !has_what_one_has &&
              (g_file->party[g_file->late].is_main != 0) == is_main;
  return m.parties != 0 || m.is_late;
}

// Those whose time it takes.
template <typename Act>
void ForEachParty(const Meeting& m, const Act& act) {
  for (uint32_t party = 0; party < g_file->parties; ++party) {
    if (IsOf(m, party) || (m.is_late && party == g_file->late)) {
      act(g_file->party[party]);
    }
  }
}

// One late thread at a time, or a place that many parties share would stop all.
bool MayStop(Meeting& m) {
  for (const Meeting* other = First(); other != nullptr; other = other->next) {
    m.is_late &= !other->is_late;
  }
  bool has_time = false;
  ForEachParty(m, [&](const SteerParty& party) {
    has_time |= party.waited_ms.load() < g_file->budget_ms;
  });
  return has_time;
}

// It is not there in a child that a signal handler has forked meanwhile.
void Remove(Meeting& m) {
  Meeting** at = &First();
  while (*at != nullptr && *at != &m) at = &(*at)->next;
  if (*at != nullptr) *at = m.next;
}

// Until it is let go, or its time is over.
void Wait(Meeting& m) {
  const uint64_t began = WaitClock();
  uint64_t until = began + g_file->patience_ms * kNsPerMs;
  for (uint32_t state; (state = m.state.load()) != Meeting::kMet;) {
    const uint64_t now = WaitClock();
    if (state == Meeting::kHurries) until = std::min(until, now + kGraceNs);
    if (now >= until) break;
    const Deadline deadline = Soon(static_cast<int64_t>(until - now));
    FutexWait(m.state, state, &deadline);
  }
  const ProcessLock lock;
  Remove(m);
  const auto waited = static_cast<uint32_t>((WaitClock() - began) / kNsPerMs);
  ForEachParty(m, [&](SteerParty& party) {
    party.waited_ms.fetch_add(waited);
    if (m.IsWaiting()) party.gave_up.fetch_add(1);
  });
}

}  // namespace

void BeginSteering(const char* path) {
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  struct stat info = {};
  void* memory = MAP_FAILED;
  if (fd >= 0 && fstat(fd, &info) == 0 &&
      static_cast<uint64_t>(info.st_size) >= sizeof(SteerFile)) {
    memory = mmap(nullptr, sizeof(SteerFile), PROT_READ | PROT_WRITE,
                  MAP_SHARED, fd, 0);
  }
  if (fd >= 0) close(fd);
  auto* const file = static_cast<SteerFile*>(memory);
  if (memory == MAP_FAILED || file->magic != model::kSteerMagic ||
      file->parties == 0 || file->parties > kMostParties) {
    Message m;
    m << "steer=" << path
      << " is ignored: it is none of this version's `lockcheck confirm`";
    if (memory != MAP_FAILED) munmap(memory, sizeof(SteerFile));
    return;
  }
  g_file = file;
  g_steers.store(true);
  if (getppid() != file->command) return;  // somebody stands between us
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != file->command) raise(SIGKILL);
}

// A call from a wrapper's caller has the last byte of its instruction for its
// site (sites.cc), and the one behind it, where it returns to, in the stack of
// a request that begins inside the wrapper.
void NoteSteered(uint32_t site, const void* pc) {
  char module[sizeof(model::SteerPlace::module)];
  uint64_t offset = 0;
  if (!PlaceOf(pc, module, sizeof(module), &offset)) return;
  const auto is_here = [&](const model::SteerPlace& place) {
    return (place.offset == offset || place.offset == offset + 1) &&
           strncmp(place.module, module, sizeof(module)) == 0;
  };
  uintptr_t places = 0;
  for (uint32_t party = 0; party < g_file->parties; ++party) {
    if (is_here(g_file->party[party].asks)) places |= AsksAt(party);
    if (is_here(g_file->party[party].took)) places |= TookAt(party);
  }
  if (g_file->late < g_file->parties && is_here(g_file->late_at)) {
    places |= kLateAt;
  }
  if (places == 0) return;
  g_places.Set(site, places);
  g_file->places.fetch_add(1);
}

bool IsSteered(uint32_t site) { return g_places.Get(site) != 0; }

Thread* HoldBack(Thread* t, uint32_t site, uint32_t object, uint32_t joined) {
  const uintptr_t place = g_places.Get(site);
  Meeting m;
  m.actor = t->hot.actor;
  m.wants = object;
  m.joins = joined;
  if (place == 0 || !Understand(t, place, m)) return t;
  {
    const ProcessLock lock;
    if (!MayStop(m)) return t;
    if (KeepsUpSomebody(m.actor)) m.state.store(Meeting::kHurries);
    m.next = First();
    First() = &m;
    for (uint32_t party = 0; party < g_file->parties; ++party) {
      if (IsOf(m, party)) g_file->party[party].arrived.fetch_add(1);
    }
    Look(m);
  }
  Leave(t);
  Wait(m);
  return Enter();
}

void HurryUp(uint32_t actor) {
  const ProcessLock lock;
  for (Meeting* m = First(); m != nullptr; m = m->next) {
    uint32_t waits = Meeting::kWaits;
    if (m->actor == actor &&
        m->state.compare_exchange_strong(waits, Meeting::kHurries)) {
      Futex(m->state, FUTEX_WAKE, INT32_MAX, nullptr, 0);
    }
  }
}

}  // namespace lockcheck::runtime
