// A copying shop has one scanner and one printer, each with a semaphore of one
// permit. To copy is to have both: one clerk takes the scanner first, the other
// one the printer, and by luck one comes after the other. With --fixed both
// take the scanner first.
#include <cstdio>
#include <cstring>
#include <latch>

#include "lockcheck/lockcheck.h"

static lockcheck::binary_semaphore scanner(1, "scanner");
static lockcheck::binary_semaphore printer(1, "printer");
static std::latch has_copied(1);  // the luck: lockcheck does not see it
static int copies = 0;

static void ScanAndPrint() {
  scanner.acquire();
  printer.acquire();
  ++copies;
  printer.release();
  scanner.release();
}

static void WarmUpAndScan() {
  printer.acquire();
  scanner.acquire();
  ++copies;
  scanner.release();
  printer.release();
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread first([] {
    ScanAndPrint();
    has_copied.count_down();
  });
  lockcheck::thread second([&] {
    has_copied.wait();
    fixed ? ScanAndPrint() : WarmUpAndScan();
  });
  first.join();
  second.join();
  std::printf("%d copies\n", copies);
}
