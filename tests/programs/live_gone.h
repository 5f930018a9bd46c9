// Scenarios of mode=live with locks that are gone before it looks at them.
#ifndef LOCKCHECK_TESTS_PROGRAMS_LIVE_GONE_H_
#define LOCKCHECK_TESTS_PROGRAMS_LIVE_GONE_H_

#include <unistd.h>

#include <cstdio>
#include <latch>
#include <mutex>

#include "lockcheck/lockcheck.h"
#include "tests/programs/live_locks.h"

namespace {

long ResidentKb() {
  long pages = 0;
  if (FILE* const file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

// Under another lock, over it, and between two.
void UseAndDestroy() {
  lockcheck::mutex brief;
  InOrder(g_c, brief);
  InOrder(brief, g_d);
  std::lock_guard outer(g_c);
  InOrder(brief, g_d);
}

// Says how much memory the second half of all takes.
void ShortLived(int n) {
  for (int i = 0; i < n / 2; ++i) UseAndDestroy();
  const long half = ResidentKb();
  for (int i = 0; i < n / 2; ++i) UseAndDestroy();
  std::printf("second half %ld kB\n", ResidentKb() - half);
}

void ShortLivedThenAbba(int n) {
  ShortLived(n);
  Abba();
}

// Those of the last round are looked at when the program ends.
void GoneAfterwards() {
  const char* const names[][2] = {{"p1", "q1"}, {"p2", "q2"}, {"p3", "q3"}};
  for (const auto& [p_name, q_name] : names) {
    lockcheck::mutex p(p_name), q(q_name);
    OneAfterTheOther([&] { InOrder(p, q); }, [&] { InOrder(q, p); });
  }
}

// The second lock of the name is another one.
void GoneBefore() {
  OneAfterTheOther(
      [] {
        lockcheck::mutex gone("x");
        InOrder(gone, g_a);
      },
      [] {
        lockcheck::mutex fresh("x");
        InOrder(g_a, fresh);
      });
}

// a and b, once each way; once with a third lock held around, which is gone.
void UnderOneThatIsGone() {
  OneAfterTheOther(
      [] {
        lockcheck::mutex gone("gone");
        std::lock_guard outer(gone);
        InOrder(g_a, g_b);
      },
      [] { InOrder(g_b, g_a); });
}

// Three in a ring, of which two held the same lock, which is gone, or each its
// own.
void RingAndGone(lockcheck::mutex* first, lockcheck::mutex* second) {
  std::latch turns[] = {std::latch(1), std::latch(1), std::latch(1)};
  lockcheck::thread one([&] {
    {
      std::lock_guard outer(*first);
      InOrder(g_a, g_b);
    }
    turns[0].count_down();
    turns[2].wait();
  });
  lockcheck::thread two([&] {
    turns[0].wait();
    {
      std::lock_guard outer(*second);
      InOrder(g_b, g_c);
    }
    turns[1].count_down();
    turns[2].wait();
  });
  lockcheck::thread three([&] {
    turns[1].wait();
    delete first;
    if (second != first) delete second;
    InOrder(g_c, g_a);
    turns[2].count_down();
  });
  one.join();
  two.join();
  three.join();
}

void GatedByOneThatIsGone() {
  auto* const gate = new lockcheck::mutex("gate");
  RingAndGone(gate, gate);
}

void UnderTwoThatAreGone() {
  RingAndGone(new lockcheck::mutex("one"), new lockcheck::mutex("two"));
}

}  // namespace

#endif  // LOCKCHECK_TESTS_PROGRAMS_LIVE_GONE_H_
