// Two locks in both orders, and no deadlock: whoever takes them holds a third
// one, the gate, all the while. lockcheck sees the cycle and refutes it;
// `analyze --all` shows it with the reason, `analyze --policy order` objects to
// it, because the order breaks as soon as somebody forgets the gate.
#include <cstdio>
#include <latch>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex gate("day book");
static lockcheck::mutex orders("orders");
static lockcheck::mutex stock("stock");
static int open_orders = 3;
static int boxes = 10;

static std::latch shipped(1);

static void Ship() {
  {
    lockcheck::lock_guard day_book(gate);
    lockcheck::lock_guard first(orders);
    lockcheck::lock_guard second(stock);
    --open_orders;
    --boxes;
  }
  shipped.count_down();
}

static void TakeStock() {
  shipped.wait();
  lockcheck::lock_guard day_book(gate);
  lockcheck::lock_guard first(stock);
  lockcheck::lock_guard second(orders);
  std::printf("%d boxes for %d orders\n", boxes, open_orders);
}

int main() {
  lockcheck::thread shipping(Ship);
  lockcheck::thread counting(TakeStock);
  shipping.join();
  counting.join();
}
