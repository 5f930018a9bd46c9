// Leaves the log that the analysis is measured on: recorded, not generated.
//
//   LOCKCHECK_OPTIONS=log=PATH analysis_log MILLIONS_OF_EVENTS
//
// 1,000 locks, 8 threads, half of the sections with another one inside (a lock
// up to 16 further on, so the order is consistent and there is no candidate for
// a cycle), about 5 % of the acquisitions handed over by another thread. An
// acquisition and a release are an event each.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "lockcheck/lockcheck.h"

namespace {

constexpr size_t kThreads = 8;
constexpr size_t kLocks = 1000;
constexpr size_t kOwn = kLocks / kThreads;  // the locks that a thread prefers
constexpr size_t kNearby = 16;
constexpr size_t kPlaces = 8;  // in the code, for each kind of section

lockcheck::mutex locks[kLocks];
std::atomic<uint8_t> last_thread[kLocks];  // 1 for thread 0

// What one thread has done.
struct Tally {
  uint64_t acquisitions = 0, handed_over = 0;
  void Took(size_t lock, uint8_t me) {
    const uint8_t last = last_thread[lock].load(std::memory_order_relaxed);
    ++acquisitions;
    handed_over += last != 0 && last != me;
    last_thread[lock].store(me, std::memory_order_relaxed);
  }
};

// Every kPlace is a copy of the code, with sites of its own.
template <size_t kPlace>
void Section(size_t outer, size_t inner, uint8_t me, Tally& tally) {
  lockcheck::lock_guard first(locks[outer]);
  tally.Took(outer, me);
  if (inner == outer) return;
  lockcheck::lock_guard second(locks[inner]);
  tally.Took(inner, me);
}

template <size_t... kPlace>
constexpr auto SectionsOf(std::index_sequence<kPlace...>) {
  return std::array{&Section<kPlace>...};
}
constexpr auto kSections = SectionsOf(std::make_index_sequence<kPlaces>());

void Run(size_t me, uint64_t events) {
  std::minstd_rand random(static_cast<uint32_t>(me + 1));
  Tally tally;
  while (tally.acquisitions * 2 < events) {
    // A look aside is a hand-over, and makes one when the owner returns. A
    // thread that runs alone for long has soon had every lock last: then it
    // lets others run.
    const bool aside = tally.handed_over * 20 < tally.acquisitions;
    const size_t range =
        aside ? (me + 1 + random() % (kThreads - 1)) % kThreads : me;
    const size_t at = random() % kOwn;
    const size_t most = std::min(kNearby, kOwn - 1 - at);
    const bool nested = random() % 2 == 0 && most > 0;
    const size_t outer = range * kOwn + at;
    const size_t inner = nested ? outer + 1 + random() % most : outer;
    if (aside && last_thread[outer].load(std::memory_order_relaxed) == me + 1) {
      std::this_thread::yield();
    }
    kSections[outer % kPlaces](outer, inner, static_cast<uint8_t>(me + 1),
                               tally);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const long millions = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
  if (millions <= 0) {
    std::fprintf(stderr,
                 "usage: LOCKCHECK_OPTIONS=log=PATH analysis_log "
                 "MILLIONS_OF_EVENTS\n");
    return 2;
  }
  const uint64_t each = static_cast<uint64_t>(millions) * 1'000'000 / kThreads;
  std::vector<lockcheck::jthread> threads;
  for (size_t me = 0; me < kThreads; ++me) threads.emplace_back(Run, me, each);
}
