// Ten guests and three seats: a semaphore lets three in at a time. The first
// ones stay until all seats are taken, so that it is seen.
#include <atomic>
#include <cstdio>
#include <vector>

#include "lockcheck/lockcheck.h"

static constexpr int kSeats = 3;
static constexpr int kGuests = 10;

static lockcheck::counting_semaphore<> seats(kSeats, "seats");
static std::atomic<int> seated{0};
static std::atomic<int> most{0};
static std::atomic<int> served{0};

static void NoteSeated(int now) {
  int seen = most.load();
  while (seen < now && !most.compare_exchange_weak(seen, now)) {
  }
  most.notify_all();
}

static void Dine() {
  seats.acquire();
  NoteSeated(++seated);
  for (int n; (n = most.load()) < kSeats;) most.wait(n);
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
