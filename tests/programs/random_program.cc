// Threads that do random things with locks of all kinds, and note what they
// did.
//   random_program SEED THREADS OPERATIONS FILLERS NOTES
// FILLERS locks are made and used before the others, so that those have large
// ids. What the threads did is written to NOTES, see performed.h.
//
// No deadlock: who waits without a limit asks only for a lock of a higher
// number than all it holds.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "lockcheck/lockcheck.h"
#include "tests/programs/performed.h"

namespace {

using lockcheck::testing::Performed;

enum What : uint8_t { kAcquired, kReleased, kNotTaken, kTimedOut };
enum How : uint8_t { kBlocking, kTry, kTimed, kMulti };

std::string NameOf(char letter, size_t number) {
  std::string name(1, letter);
  return name += std::to_string(number);
}

// Locks 0..23 are of four kinds in turn, 24..27 can be read; fillers follow.
constexpr uint32_t kLocks = 24;
constexpr uint32_t kAllLocks = 28;

// Some lock of each kind in turn; exactly one member is used.
struct AnyLock {
  explicit AnyLock(uint32_t number)
      : name(NameOf('L', number)),
        kind(number < kLocks || number >= kAllLocks ? number % 4
                                                    : 4 + number % 2),
        shared(name.c_str()),
        shared_timed(name.c_str()),
        plain(name.c_str()),
        timed(name.c_str()),
        recursive(name.c_str()),
        recursive_timed(name.c_str()) {}

  template <typename Act>
  decltype(auto) With(Act act) {
    switch (kind) {
      case 0:
        return act(plain);
      case 1:
        return act(timed);
      case 2:
        return act(recursive);
      case 3:
        return act(recursive_timed);
      case 4:
        return act(shared);
      default:
        return act(shared_timed);
    }
  }
  template <typename Act>
  decltype(auto) Shared(Act act) {
    return kind == 4 ? act(shared) : act(shared_timed);
  }
  bool is_recursive() const { return kind == 2 || kind == 3; }
  bool is_timed() const { return kind == 1 || kind == 3; }

  std::string name;
  uint32_t kind;
  lockcheck::shared_mutex shared;
  lockcheck::shared_timed_mutex shared_timed;
  lockcheck::mutex plain;
  lockcheck::timed_mutex timed;
  lockcheck::recursive_mutex recursive;
  lockcheck::recursive_timed_mutex recursive_timed;
  uint32_t sequence = 0;  // guarded by the lock itself
};

std::deque<AnyLock> g_locks;

class Actor {
 public:
  Actor(uint32_t seed, size_t operations) : random_(seed) {
    notes_.reserve(operations * 4);
  }

  void Run(size_t operations) {
    for (size_t i = 0; i < operations; ++i) Step();
    while (!held_.empty()) Unlock(held_.size() - 1);
  }
  void UseOnce(uint32_t lock) {
    Lock(lock);
    Unlock(0);
  }
  const std::vector<Performed>& notes() const { return notes_; }

 private:
  struct Hold {
    uint32_t lock;
    uint32_t depth;  // acquisitions beyond the first
    bool read = false;
  };

  uint32_t Random(uint32_t bound) { return random_() % bound; }
  size_t Find(uint32_t lock) const {
    size_t i = 0;
    while (i < held_.size() && held_[i].lock != lock) ++i;
    return i;
  }
  // The lowest lock that may be waited for without a limit.
  uint32_t Lowest() const {
    uint32_t lowest = 0;
    for (const Hold& hold : held_) lowest = std::max(lowest, hold.lock + 1);
    return lowest;
  }

  // Recursive re-entry is no event: only 0 -> 1 and 1 -> 0 are.
  void Note(What what, How how, uint32_t lock) {
    uint32_t sequence = 0;
    if (what == kAcquired) {
      if (const size_t i = Find(lock); i < held_.size()) {
        ++held_[i].depth;
        return;
      }
      held_.push_back({lock, 0});
      sequence = g_locks[lock].sequence++;
    }
    notes_.push_back({lock, sequence, what, how, 0});
  }
  // A reader notes how many writers there were before it.
  void NoteRead(What what, How how, uint32_t lock) {
    uint32_t sequence = 0;
    if (what == kAcquired) {
      held_.push_back({lock, 0, true});
      sequence = g_locks[lock].sequence;
    }
    notes_.push_back({lock, sequence, what, how, 1});
  }

  // ---- What the notes are made of ----
  void Lock(uint32_t lock) {
    g_locks[lock].With([](auto& m) { m.lock(); });
    Note(kAcquired, kBlocking, lock);
  }
  bool TryLock(uint32_t lock) {
    const bool got = g_locks[lock].With([](auto& m) { return m.try_lock(); });
    Note(got ? kAcquired : kNotTaken, kTry, lock);
    return got;
  }
  bool TryLockFor(uint32_t lock) {
    const std::chrono::microseconds time(Random(30));
    AnyLock& any = g_locks[lock];
    const bool got = any.kind == 1 ? any.timed.try_lock_for(time)
                                   : any.recursive_timed.try_lock_for(time);
    Note(got ? kAcquired : kTimedOut, kTimed, lock);
    return got;
  }
  void NoteRelease(size_t index) {
    if (held_[index].depth != 0) {
      --held_[index].depth;
      return;
    }
    notes_.push_back({held_[index].lock, 0, kReleased, kBlocking, 0});
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(index));
  }
  void Unlock(size_t index) {
    const uint32_t lock = held_[index].lock;
    const bool read = held_[index].read;
    NoteRelease(index);
    if (read) {
      g_locks[lock].Shared([](auto& m) { m.unlock_shared(); });
    } else {
      g_locks[lock].With([](auto& m) { m.unlock(); });
    }
  }
  void Read(uint32_t lock) {
    g_locks[lock].Shared([](auto& m) { m.lock_shared(); });
    NoteRead(kAcquired, kBlocking, lock);
  }
  bool TryRead(uint32_t lock) {
    const bool got =
        g_locks[lock].Shared([](auto& m) { return m.try_lock_shared(); });
    NoteRead(got ? kAcquired : kNotTaken, kTry, lock);
    return got;
  }
  bool ReadFor(uint32_t lock) {
    const std::chrono::microseconds time(Random(30));
    const bool got = g_locks[lock].shared_timed.try_lock_shared_for(time);
    NoteRead(got ? kAcquired : kTimedOut, kTimed, lock);
    return got;
  }

  // ---- What is done ----
  void Step() {
    const uint32_t lowest = Lowest();
    if (held_.size() > 6 || lowest >= kLocks) {
      Unlock(Random(static_cast<uint32_t>(held_.size())));
      return;
    }
    const uint32_t lock = lowest + Random(kLocks - lowest);
    switch (Random(20)) {
      case 0:
        Lock(lock);
        break;
      case 1:
        if (!held_.empty()) Unlock(Random(static_cast<uint32_t>(held_.size())));
        break;
      case 2:
        HandOverHand(lock);
        break;
      case 3:
        TryAny();
        break;
      case 4:
        TimedAny();
        break;
      case 5:
        LockThree(lowest);
        break;
      case 6:
        GuardTwo(lowest);
        break;
      case 7:
        Reenter();
        break;
      case 8:
        StdGuard(lock);
        break;
      case 9:
        StdUnique(lock);
        break;
      case 10:
        StdScoped(lowest);
        break;
      case 11:
        Nested(lock);
        break;
      case 12:
      case 13:
        ReadersAndWriters();
        break;
      default:
        for (uint32_t n = Random(8); n > 0; --n) Section(lock);
        break;
    }
  }
  void Section(uint32_t lock) {
    Lock(lock);
    Unlock(Find(lock));
  }
  void HandOverHand(uint32_t first) {
    Lock(first);
    for (uint32_t next = first + 1; next < kLocks; next += 1 + Random(6)) {
      Lock(next);
      Unlock(Find(first));
      first = next;
    }
    Unlock(Find(first));
  }
  // In ascending order, so that waiting is safe; each may stay held.
  void ReadersAndWriters() {
    for (uint32_t lock = kLocks + Random(2); lock < kAllLocks;
         lock += 1 + Random(3)) {
      bool got = true;
      switch (Random(5)) {
        case 0:
          Lock(lock);
          break;
        case 1:
          got = TryRead(lock);
          break;
        case 2:
          got = lock % 2 == 1 && ReadFor(lock);
          break;
        default:
          Read(lock);
          break;
      }
      if (got && Random(2) == 0) Unlock(Find(lock));
    }
  }
  // A lock that is held and not recursive is asked for too: it is refused.
  void TryAny() {
    const uint32_t lock = Random(kLocks);
    const bool again = Find(lock) != held_.size();
    if (TryLock(lock) && !again) {
      if (Random(2) == 0) Unlock(Find(lock));
    } else if (again && g_locks[lock].is_recursive()) {
      Unlock(Find(lock));
    }
  }
  void TimedAny() {
    const uint32_t lock = Random(kLocks / 2) * 2 + 1;
    if (!g_locks[lock].is_timed() || Find(lock) != held_.size()) return;
    if (TryLockFor(lock) && Random(2) == 0) Unlock(Find(lock));
  }
  void Reenter() {
    if (held_.empty()) return;
    const uint32_t lock =
        held_[Random(static_cast<uint32_t>(held_.size()))].lock;
    if (!g_locks[lock].is_recursive()) return;
    for (int i = 0; i < 3; ++i) Lock(lock);
    for (int i = 0; i < 3; ++i) Unlock(Find(lock));
  }
  void Nested(uint32_t lock) {
    std::vector<uint32_t> taken;
    for (uint32_t next = lock; next < kLocks && taken.size() < 8; ++next) {
      Lock(next);
      taken.push_back(next);
    }
    while (!taken.empty()) {
      Unlock(Find(taken.back()));
      taken.pop_back();
    }
  }
  void StdGuard(uint32_t lock) {
    g_locks[lock].With([&](auto& m) {
      const std::lock_guard guard(m);
      Note(kAcquired, kBlocking, lock);
      NoteRelease(Find(lock));
    });
  }
  void StdUnique(uint32_t lock) {
    g_locks[lock].With([&](auto& m) {
      std::unique_lock guard(m);
      Note(kAcquired, kBlocking, lock);
      if (Random(2) == 0) {
        NoteRelease(Find(lock));
        guard.unlock();
        guard.lock();
        Note(kAcquired, kBlocking, lock);
      }
      NoteRelease(Find(lock));
    });
  }

  // std::lock() takes and gives back as it likes: each step is noted.
  struct Noted {
    Actor* actor;
    uint32_t number;
    void lock() { actor->Lock(number); }
    bool try_lock() { return actor->TryLock(number); }
    void unlock() { actor->Unlock(actor->Find(number)); }
  };
  void StdScoped(uint32_t lowest) {
    if (lowest + 3 > kLocks) return;
    Noted a{this, lowest + Random(kLocks - lowest - 2)};
    Noted b{this, a.number + 1}, c{this, a.number + 2};
    const std::scoped_lock guard(c, a, b);
  }

  // One request: its members are noted in the order of their numbers.
  void GuardTwo(uint32_t lowest) {
    if (lowest + 5 > kLocks) return;
    const uint32_t first = lowest + Random(kLocks - lowest - 4);
    // Four apart, so of one kind.
    g_locks[first].With([&](auto& m) {
      using Lock = std::remove_reference_t<decltype(m)>;
      auto& other = Same<Lock>(first + 4);
      const lockcheck::scoped_lock guard(other, m);
      Note(kAcquired, kMulti, first);
      Note(kAcquired, kMulti, first + 4);
      if (Random(2) == 0 && first + 5 < kLocks) Section(first + 5);
      // The guard releases in the order of its members.
      NoteRelease(Find(first + 4));
      NoteRelease(Find(first));
    });
  }
  template <typename Lock>
  static Lock& Same(uint32_t number) {
    return g_locks[number].With([](auto& m) -> Lock& {
      if constexpr (std::is_same_v<std::remove_reference_t<decltype(m)>,
                                   Lock>) {
        return m;
      } else {
        std::abort();
      }
    });
  }
  void LockThree(uint32_t lowest) {
    const uint32_t first = (lowest + 3) / 4 * 4;
    if (first + 3 > kLocks) return;
    lockcheck::lock(g_locks[first + 2].recursive, g_locks[first].plain,
                    g_locks[first + 1].timed);
    for (uint32_t i = 0; i < 3; ++i) Note(kAcquired, kMulti, first + i);
    for (uint32_t i = 0; i < 3; ++i) Unlock(Find(first + i));
  }

  std::mt19937 random_;
  std::vector<Hold> held_;
  std::vector<Performed> notes_;
};

void Write(FILE* file, const std::vector<Performed>& notes) {
  const uint64_t count = notes.size();
  fwrite(&count, sizeof(count), 1, file);
  if (count != 0) fwrite(notes.data(), sizeof(Performed), count, file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const auto seed = static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10));
  const size_t threads = std::strtoul(argv[2], nullptr, 10);
  const size_t operations = std::strtoul(argv[3], nullptr, 10);
  const auto fillers =
      static_cast<uint32_t>(std::strtoul(argv[4], nullptr, 10));
  for (uint32_t i = 0; i < kAllLocks + fillers; ++i) g_locks.emplace_back(i);

  std::vector<std::unique_ptr<Actor>> actors;
  for (size_t i = 0; i <= threads; ++i) {
    actors.push_back(std::make_unique<Actor>(seed + static_cast<uint32_t>(i),
                                             i == 0 ? fillers : operations));
  }
  lockcheck::this_thread::set_name("T0");
  for (uint32_t i = 0; i < fillers; ++i) actors[0]->UseOnce(kAllLocks + i);
  std::vector<lockcheck::thread> running;
  for (size_t i = 1; i <= threads; ++i) {
    running.emplace_back([&, i] {
      lockcheck::this_thread::set_name(NameOf('T', i).c_str());
      actors[i]->Run(operations);
    });
  }
  for (lockcheck::thread& thread : running) thread.join();

  FILE* const file = fopen(argv[5], "wb");
  if (file == nullptr) return 3;
  for (const auto& actor : actors) Write(file, actor->notes());
  return fclose(file) == 0 ? 0 : 3;
}
