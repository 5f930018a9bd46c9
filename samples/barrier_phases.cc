// Heat spreads along a rod, computed in phases by three threads that meet at a
// barrier after each of them. One has most of the cells and arrives last in
// every phase: the two others wait for it.
#include <atomic>
#include <cstdio>
#include <utility>
#include <vector>

#include "lockcheck/lockcheck.h"

static constexpr int kCells = 60'000;
static constexpr int kFew = kCells / 20;
static constexpr int kPhases = 50;

static std::vector<double> now(kCells + 2);  // with both ends, which stay
static std::vector<double> next(kCells + 2);

static void TakeOver() noexcept { now.swap(next); }

static lockcheck::barrier phase(3, TakeOver, "phase");
// That the one with most comes last however the threads are scheduled; nothing
// that lockcheck sees.
static std::atomic<int> arrived{0};

static void Spread(int first, int last) {
  for (int i = first; i < last; ++i) {
    next[i] = now[i] + (now[i - 1] - 2 * now[i] + now[i + 1]) / 4;
  }
}

static void ComputeFew(const char* name, int first) {
  lockcheck::this_thread::set_name(name);
  for (int i = 0; i < kPhases; ++i) {
    Spread(first, first + kFew);
    auto arrival = phase.arrive();
    ++arrived;
    arrived.notify_one();
    phase.wait(std::move(arrival));
  }
}

static void ComputeMost(const char* name, int first) {
  lockcheck::this_thread::set_name(name);
  for (int i = 0; i < kPhases; ++i) {
    Spread(first, kCells + 1);
    for (int n; (n = arrived.load()) < 2 * (i + 1);) arrived.wait(n);
    phase.arrive_and_wait();
  }
}

int main() {
  now[0] = next[0] = 100;
  lockcheck::thread left([] { ComputeFew("left", 1); });
  lockcheck::thread middle([] { ComputeFew("middle", 1 + kFew); });
  lockcheck::thread right([] { ComputeMost("right", 1 + 2 * kFew); });
  left.join();
  middle.join();
  right.join();
  std::printf("after %d phases the first cell has %.1f degrees\n", kPhases,
              now[1]);
}
