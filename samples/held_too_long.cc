// One lock is held too long: the price list is rebuilt under the lock that
// every look-up needs. Nothing is wrong with the order of locks; what the log
// shows is who waits, and for whom.
//
// Look-ups also count themselves under a second lock, and take that one far
// more often: it is the busiest lock, but not the hot spot.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>

#include "lockcheck/lockcheck.h"

constexpr int kRebuilds = 5;
constexpr int kCountsPerLookUp = 20;

static lockcheck::mutex prices_lock("price list");
static std::array<int, 1000> prices{};
static lockcheck::mutex counts_lock("look-up count");
static int look_ups = 0;

static std::atomic<bool> done{false};

// Stands for a slow disk: it takes 20 ms, and the lock is held meanwhile.
static void ReadPricesFromDisk(int round) {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  for (int& price : prices) price = round;
}

static void RebuildPriceList() {
  for (int round = 1; round <= kRebuilds; ++round) {
    {
      lockcheck::lock_guard hold(prices_lock);
      ReadPricesFromDisk(round);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  done = true;
}

static int LookUpPrice(int article) {
  lockcheck::lock_guard hold(prices_lock);
  return prices[static_cast<size_t>(article) % prices.size()];
}

static void CountLookUp() {
  lockcheck::lock_guard hold(counts_lock);
  ++look_ups;
}

static void Serve() {
  lockcheck::this_thread::set_name("server");
  for (int article = 0; !done; ++article) {
    LookUpPrice(article);
    for (int i = 0; i < kCountsPerLookUp; ++i) CountLookUp();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

int main() {
  {
    lockcheck::jthread first(Serve), second(Serve), third(Serve);
    lockcheck::jthread rebuild(RebuildPriceList);
  }
  std::printf("%d look-ups counted\n", look_ups);
}
