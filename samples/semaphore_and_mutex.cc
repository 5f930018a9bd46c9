// A mutex held while waiting for a semaphore, whose only poster needs that
// mutex first. With --fixed somebody posts who needs no mutex.
#include <cstdio>
#include <cstring>
#include <latch>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex shop("shop");
static lockcheck::counting_semaphore<> parcels(0, "parcels");
static std::latch shop_is_locked(1);

static void Collect() {
  lockcheck::lock_guard guard(shop);
  shop_is_locked.count_down();
  parcels.acquire();
  std::puts("parcel collected");
}

static void DeliverToTheShop() {
  shop_is_locked.wait();
  lockcheck::lock_guard guard(shop);
  parcels.release();
}

static void DeliverToTheDoor() {
  shop_is_locked.wait();
  parcels.release();
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread customer(Collect);
  lockcheck::thread driver(DeliverToTheShop);
  if (fixed) DeliverToTheDoor();
  customer.join();
  driver.join();
}
