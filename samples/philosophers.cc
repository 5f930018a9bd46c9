// Dining philosophers: five at a round table, a fork between each two. Each
// takes the fork on the left, then the one on the right, then eats.
//
//   philosophers           they come to the table one after the other, so all
//                          of them eat; yet the deadlock is in the log
//   philosophers --hang    all of them come at once and take the left fork;
//                          nobody ever eats (end it with ctrl-c or kill)
//
// The order is made with std::atomic and std::barrier, which lockcheck does not
// see: to it, and to a scheduler with other moods, nothing stands between the
// philosophers.
#include <atomic>
#include <barrier>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "lockcheck/lockcheck.h"

constexpr int kSeats = 5;

static lockcheck::mutex forks[kSeats] = {
    lockcheck::mutex("fork 0"), lockcheck::mutex("fork 1"),
    lockcheck::mutex("fork 2"), lockcheck::mutex("fork 3"),
    lockcheck::mutex("fork 4")};

static std::atomic<int> next_seat{0};
static std::barrier<> everybody_has_a_fork(kSeats);
static bool hang = false;

static void Eat(int seat) {
  lockcheck::lock_guard left(forks[seat]);
  if (hang) everybody_has_a_fork.arrive_and_wait();
  lockcheck::lock_guard right(forks[(seat + 1) % kSeats]);
  std::printf("philosopher %d eats\n", seat);
}

static void Philosopher(int seat) {
  lockcheck::this_thread::set_name(
      ("philosopher " + std::to_string(seat)).c_str());
  if (!hang) {
    for (int at; (at = next_seat.load()) != seat;) next_seat.wait(at);
  }
  Eat(seat);
  ++next_seat;
  next_seat.notify_all();
}

int main(int argc, char** argv) {
  hang = argc > 1 && std::strcmp(argv[1], "--hang") == 0;
  std::vector<lockcheck::thread> philosophers;
  for (int seat = 0; seat < kSeats; ++seat) {
    philosophers.emplace_back(Philosopher, seat);
  }
  for (lockcheck::thread& philosopher : philosophers) philosopher.join();
}
