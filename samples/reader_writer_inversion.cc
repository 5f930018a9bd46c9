// Two shared_mutexes in both orders. Two readers would let each other in; here
// each reads one table and writes the other, so each may wait for the other
// one.
#include <cstdio>
#include <latch>

#include "lockcheck/lockcheck.h"

static lockcheck::shared_mutex prices("prices");
static lockcheck::shared_mutex stock("stock");
static int price = 10, boxes = 5;
static std::latch repriced(1);

static void Reprice() {
  {
    lockcheck::shared_lock reads(stock);
    lockcheck::unique_lock writes(prices);
    if (boxes < 10) ++price;
  }
  repriced.count_down();
}

static void Restock() {
  repriced.wait();
  lockcheck::shared_lock reads(prices);
  lockcheck::unique_lock writes(stock);
  if (price > 10) boxes += 10;
  std::printf("%d boxes at %d\n", boxes, price);
}

int main() {
  lockcheck::thread clerk(Reprice);
  lockcheck::thread buyer(Restock);
  clerk.join();
  buyer.join();
}
