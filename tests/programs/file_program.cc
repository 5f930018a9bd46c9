// Writes a log of a wanted length.
//   file_program SECTIONS [wait]
// With `wait` it says so and goes on when its standard input ends. Its own
// output and exit status are those below, whatever becomes of the log.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lockcheck/lockcheck.h"

namespace {

lockcheck::mutex first("first"), x("x"), y("y"), last("last");

void Use(lockcheck::mutex& m) {
  m.lock();
  m.unlock();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 90;
  Use(first);
  if (argc > 2 && strcmp(argv[2], "wait") == 0) {
    printf("waiting\n");
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
  }
  const unsigned long sections = std::strtoul(argv[1], nullptr, 10);
  for (unsigned long i = 0; i < sections; ++i) Use(i % 2 == 0 ? x : y);
  lockcheck::thread([] { Use(last); }).join();
  last.lock();
  Use(x);
  last.unlock();
  printf("out\n");
  fflush(stdout);
  fprintf(stderr, "err\n");
  return 5;
}
