// A condition is notified before anybody waits for it, and a notification is
// not kept: who waits without looking first whether it is so already waits for
// ever. With --fixed it looks, under the lock that the change is made under.
#include <cstdio>
#include <cstring>
#include <latch>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex oven("oven");
static lockcheck::condition_variable baked("bread is baked");
static bool bread_is_baked = false;
static std::latch called(1);

static void Bake() {
  {
    lockcheck::lock_guard guard(oven);
    bread_is_baked = true;
  }
  baked.notify_one();
  called.count_down();
}

static void Eat() {
  called.wait();
  lockcheck::unique_lock guard(oven);
  baked.wait(guard);
  std::puts("bread");
}

static void LookAndEat() {
  called.wait();
  lockcheck::unique_lock guard(oven);
  baked.wait(guard, [] { return bread_is_baked; });
  std::puts("bread");
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread baker(Bake);
  lockcheck::thread guest(fixed ? LookAndEat : Eat);
  baker.join();
  guest.join();
}
