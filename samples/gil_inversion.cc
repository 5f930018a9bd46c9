// The gil and a mutex in both orders: an extension locks the mutex and keeps
// the gil, while another thread with the mutex asks for the gil. By luck one
// comes after the other. With --fixed the extension asks as an interpreter
// does: it lets the gil go where it would have to wait.
#include <cstdio>
#include <cstring>
#include <latch>

#include "lockcheck/lockcheck.h"

static lockcheck::gil interpreter("gil");
static lockcheck::mutex table("table");
static std::latch extended(1);
static int entries = 0;

// As a C extension does it.
static void AddWithGil() {
  interpreter.lock();
  table.lock();
  ++entries;
  table.unlock();
  interpreter.unlock();
}

static void AddAsInterpreter() {
  interpreter.lock();
  interpreter.lock(table);
  ++entries;
  table.unlock();
  interpreter.unlock();
}

static void CallBackWithTable() {
  extended.wait();  // the luck; nothing that is recorded
  const lockcheck::lock_guard guard(table);
  interpreter.lock();
  ++entries;
  interpreter.unlock();
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread extension([&] {
    fixed ? AddAsInterpreter() : AddWithGil();
    extended.count_down();
  });
  lockcheck::thread callback(CallBackWithTable);
  extension.join();
  callback.join();
  std::printf("%d entries\n", entries);
}
