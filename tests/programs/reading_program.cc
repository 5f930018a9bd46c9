// Readings of a lock, one after the other: what the log says of each can be
// said in a word if it is what was said of the one before, and not else. So it
// is with one of several permits of a semaphore.

#include <barrier>
#include <deque>
#include <string>
#include <vector>

#include "lockcheck/lockcheck.h"
#include "tests/programs/stories.h"

namespace {

lockcheck::shared_mutex g_m("m"), g_n("n");
lockcheck::mutex g_outer("outer");

void Read(lockcheck::shared_mutex& mutex, int times = 1) {
  for (int i = 0; i < times; ++i) {
    mutex.lock_shared();
    mutex.unlock_shared();
  }
}
void Write(lockcheck::shared_mutex& mutex) {
  mutex.lock();
  mutex.unlock();
}

void Again() { Read(g_m, 5); }

void AfterAWriter() {
  Read(g_m, 3);
  Write(g_m);
  Write(g_m);
  Read(g_m, 3);
}

void AfterAnothersWriting() {
  for (int i = 0; i < 3; ++i) {
    Read(g_m, 2);
    lockcheck::thread([] { Write(g_m); }).join();
  }
  Read(g_m, 2);
}

void OfTwoInTurn() {
  for (int i = 0; i < 3; ++i) {
    Read(g_m);
    Read(g_n);
  }
}

// The release of what is around it goes into the last one's word.
void InsideOfAnother() {
  Read(g_m);
  for (int i = 0; i < 3; ++i) {
    g_outer.lock();
    Read(g_m);
    g_outer.unlock();
  }
}

void AroundAnother() {
  for (int i = 0; i < 3; ++i) {
    g_m.lock_shared();
    g_outer.lock();
    g_outer.unlock();
    g_m.unlock_shared();
  }
}

void OfOneTwice() {
  for (int i = 0; i < 3; ++i) {
    g_m.lock_shared();
    Read(g_m);
    g_m.unlock_shared();
  }
}

// The block is written more than once meanwhile.
void AcrossSegments() {
  Read(g_m, 2);
  g_m.lock_shared();
  for (int i = 0; i < 40'000; ++i) {
    g_outer.lock();
    g_outer.unlock();
  }
  g_m.unlock_shared();
  Read(g_m, 2);
}

// Both come first, if they meet.
void ByTwoAtOnce() {
  constexpr int kLocks = 2000;
  static std::deque<lockcheck::shared_mutex> locks;
  static std::vector<std::string> names;
  for (int i = 0; i < kLocks; ++i) names.push_back(std::to_string(i));
  for (const std::string& name : names) locks.emplace_back(name.c_str());
  std::barrier both(2);
  const auto read_all = [&] {
    for (lockcheck::shared_mutex& mutex : locks) {
      both.arrive_and_wait();
      Read(mutex);
    }
  };
  lockcheck::thread other(read_all);
  read_all();
  other.join();
}

void Many() { Read(g_m, 100'000); }

template <typename Semaphore>
Semaphore g_some(3, "some");
template <typename Semaphore>
Semaphore g_only(1, "only");
using Counting = lockcheck::counting_semaphore<>;
using Bounded = lockcheck::bounded_semaphore;

template <typename Semaphore>
void Pass(Semaphore& semaphore, int times = 1) {
  for (int i = 0; i < times; ++i) {
    semaphore.acquire();
    semaphore.release();
  }
}

template <typename Semaphore>
void PermitsAgain() {
  Pass(g_some<Semaphore>, 5);
}
template <typename Semaphore>
void ManyPermits() {
  Pass(g_some<Semaphore>, 100'000);
}

template <typename Semaphore>
void PermitsAndReadings() {
  for (int i = 0; i < 3; ++i) {
    Pass(g_some<Semaphore>);
    Read(g_m, 2);
    Pass(g_some<Semaphore>, 2);
  }
}

template <typename Semaphore>
void PermitsInsideAndAround() {
  for (int i = 0; i < 3; ++i) {
    g_some<Semaphore>.acquire();
    g_outer.lock();
    Pass(g_some<Semaphore>, 2);
    g_outer.unlock();
    g_some<Semaphore>.release();
  }
}

// What is released is the latest one, wherever it is.
template <typename Semaphore>
void PermitsOutOfOrder() {
  for (int i = 0; i < 3; ++i) {
    g_some<Semaphore>.acquire();
    g_only<Semaphore>.acquire();
    g_some<Semaphore>.release();
    g_only<Semaphore>.release();
  }
}

template <typename Semaphore>
void OnlyPermit() {
  Pass(g_only<Semaphore>, 3);
  lockcheck::thread([] { Pass(g_only<Semaphore>, 3); }).join();
  Pass(g_only<Semaphore>, 3);
}

// From the moment at which somebody releases what he has not acquired.
template <typename Semaphore>
void PermitsThatAreNone() {
  Pass(g_some<Semaphore>, 3);
  g_some<Semaphore>.acquire();
  lockcheck::thread([] { g_some<Semaphore>.release(); }).join();
  Pass(g_some<Semaphore>, 3);
}

constexpr Story kStories[] = {
    {"again", Again},
    {"after-a-writer", AfterAWriter},
    {"after-anothers-writing", AfterAnothersWriting},
    {"of-two-in-turn", OfTwoInTurn},
    {"inside-of-another", InsideOfAnother},
    {"around-another", AroundAnother},
    {"of-one-twice", OfOneTwice},
    {"across-segments", AcrossSegments},
    {"by-two-at-once", ByTwoAtOnce},
    {"many", Many},
    {"permits-again", PermitsAgain<Counting>},
    {"bounded-permits-again", PermitsAgain<Bounded>},
    {"permits-and-readings", PermitsAndReadings<Counting>},
    {"bounded-permits-and-readings", PermitsAndReadings<Bounded>},
    {"permits-inside-and-around", PermitsInsideAndAround<Counting>},
    {"bounded-permits-inside-and-around", PermitsInsideAndAround<Bounded>},
    {"permits-out-of-order", PermitsOutOfOrder<Counting>},
    {"bounded-permits-out-of-order", PermitsOutOfOrder<Bounded>},
    {"only-permit", OnlyPermit<Counting>},
    {"bounded-only-permit", OnlyPermit<Bounded>},
    {"permits-that-are-none", PermitsThatAreNone<Counting>},
    {"bounded-permits-that-are-none", PermitsThatAreNone<Bounded>},
    {"many-permits", ManyPermits<Counting>},
    {"bounded-many-permits", ManyPermits<Bounded>},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
