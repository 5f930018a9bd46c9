// Ten guests and three seats: a semaphore lets three in at a time. The first
// ones stay until all seats are taken and all guests are there, so that it is
// seen; and each stays for a while, for which the others wait.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "lockcheck/lockcheck.h"

static constexpr int kSeats = 3;
static constexpr int kGuests = 10;

static lockcheck::counting_semaphore<> seats(kSeats, "seats");
static std::atomic<int> seated{0};
static std::atomic<int> most{0};
static std::atomic<int> come{0};
static std::atomic<int> served{0};

static void NoteSeated(int now) {
  int seen = most.load();
  while (seen < now && !most.compare_exchange_weak(seen, now)) {
  }
  most.notify_all();
}

static void AwaitAtLeast(const std::atomic<int>& count, int wanted) {
  for (int n; (n = count.load()) < wanted;) count.wait(n);
}

static void Dine() {
  ++come;
  come.notify_all();
  seats.acquire();
  NoteSeated(++seated);
  AwaitAtLeast(most, kSeats);
  AwaitAtLeast(come, kGuests);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ++served;
  --seated;
  seats.release();
}

int main() {
  std::vector<lockcheck::thread> guests;
  for (int i = 0; i < kGuests; ++i) guests.emplace_back(Dine);
  for (lockcheck::thread& guest : guests) guest.join();
  std::printf("%d of %d guests served, at most %d at once\n", served.load(),
              kGuests, most.load());
}
