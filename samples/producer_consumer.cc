// A queue between two threads, done right: what changes is changed under the
// lock, who waits looks first, and the end is told like any other news. There
// is nothing to find; the tables show how long the consumer waited for news
// (signals), and that nobody waited long for the lock.
#include <cstdio>
#include <deque>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex shelf("shelf");
static lockcheck::condition_variable news("news of the shelf");
static std::deque<int> loaves;
static bool closed = false;

static void Bake() {
  for (int loaf = 1; loaf <= 1000; ++loaf) {
    {
      lockcheck::lock_guard guard(shelf);
      loaves.push_back(loaf);
    }
    news.notify_one();
  }
  {
    lockcheck::lock_guard guard(shelf);
    closed = true;
  }
  news.notify_all();
}

static void Sell() {
  int sold = 0;
  lockcheck::unique_lock guard(shelf);
  while (true) {
    news.wait(guard, [] { return closed || !loaves.empty(); });
    if (loaves.empty()) break;
    loaves.pop_front();
    ++sold;
  }
  std::printf("%d loaves sold\n", sold);
}

int main() {
  lockcheck::thread shop(Sell);
  lockcheck::thread bakery(Bake);
  bakery.join();
  shop.join();
}
