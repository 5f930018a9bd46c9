// A lock held while waiting for a future, and who keeps the promise needs that
// lock first. With --fixed the lock is taken when the value is there.
#include <cstdio>
#include <cstring>
#include <latch>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex ledger("ledger");
static lockcheck::promise<int> sum("sum");
static std::latch begun(1);

static void Add() {
  begun.wait();
  lockcheck::lock_guard guard(ledger);
  sum.set_value(42);
}

static void PrintUnderLock(lockcheck::future<int> result) {
  lockcheck::lock_guard guard(ledger);
  begun.count_down();
  std::printf("sum %d\n", result.get());
}

static void GetAndPrint(lockcheck::future<int> result) {
  begun.count_down();
  const int value = result.get();
  lockcheck::lock_guard guard(ledger);
  std::printf("sum %d\n", value);
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread adder(Add);
  lockcheck::thread printer(fixed ? GetAndPrint : PrintUnderLock,
                            sum.get_future());
  adder.join();
  printer.join();
}
