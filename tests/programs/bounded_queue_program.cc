// Queues with a bound whose items and room have been registered in either
// order, one after the other or with something else in between. One thread puts
// and gets, so every act but a first one is on the short path.
#include <chrono>
#include <mutex>

#include "lockcheck/lockcheck.h"

namespace {

using lockcheck::queue;

void PutAndGet(queue<int>& q) {
  using std::chrono::hours;
  for (int i = 0; i < 2; ++i) {
    q.put(i);
    q.put_nowait(i);
    q.get();
    q.put_for(i, hours(1));
    q.get_nowait();
    q.get_for(hours(1));
  }
}

}  // namespace

int main() {
  queue<int> room_first(2, "room first"), items_first(2, "items first"),
      apart(2, "apart");
  PutAndGet(room_first);
  items_first.get_nowait();
  PutAndGet(items_first);
  apart.get_nowait();
  lockcheck::mutex between;
  { const std::lock_guard hold(between); }
  PutAndGet(apart);
}
