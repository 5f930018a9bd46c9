// A reader calls a function that reads the same table again. With lockcheck's
// lock, and libstdc++'s, that goes well; with a lock that lets a waiting writer
// go first the reader waits for the writer, which waits for the reader. With
// --fixed the inner function expects the lock to be held.
#include <cstdio>
#include <cstring>

#include "lockcheck/lockcheck.h"

static lockcheck::shared_mutex table("time table");
static int departs = 7, arrives = 9;

static int ArrivalUnlocked() { return arrives; }

static int Arrival() {
  lockcheck::shared_lock guard(table);
  return ArrivalUnlocked();
}

static void Print() {
  lockcheck::shared_lock guard(table);
  std::printf("%d to %d\n", departs, Arrival());
}

static void PrintUnderOneHold() {
  lockcheck::shared_lock guard(table);
  std::printf("%d to %d\n", departs, ArrivalUnlocked());
}

static void Delay() {
  lockcheck::lock_guard guard(table);
  ++departs;
  ++arrives;
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread traveller(fixed ? PrintUnderOneHold : Print);
  lockcheck::thread dispatcher(Delay);
  traveller.join();
  dispatcher.join();
}
