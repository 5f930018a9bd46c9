// Scenarios of mode=live that stand still, once they have said "ready".
#ifndef LOCKCHECK_TESTS_PROGRAMS_LIVE_HANGS_H_
#define LOCKCHECK_TESTS_PROGRAMS_LIVE_HANGS_H_

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <thread>

#include "lockcheck/lockcheck.h"
#include "tests/programs/live_locks.h"

namespace {

// Says "ready" when both threads sleep.
void Hang() {
  static lockcheck::mutex held("held");
  held.lock();
  static lockcheck::thread other([] {
    lockcheck::this_thread::set_name("other");
    std::lock_guard waits(held);
  });
  const auto* word = reinterpret_cast<const std::atomic<uint32_t>*>(&held);
  while ((word->load() & (1u << 31)) == 0) std::this_thread::yield();
  std::puts("ready");
  std::fflush(stdout);
  while (true) pause();
}

void HangWithHandler() {
  signal(SIGTERM, [](int) { _exit(7); });
  Hang();
}

// Nobody waits for a lock or for a thread's end.
void Idle() {
  static lockcheck::mutex m;
  static lockcheck::condition_variable never;
  std::unique_lock lock(m);
  std::puts("ready");
  std::fflush(stdout);
  never.wait(lock, [] { return false; });
}

// Somebody whom lockcheck does not see might end these waits.
void WithAStranger(void (*wait)()) {
  std::thread([] { pause(); }).detach();
  std::puts("ready");
  std::fflush(stdout);
  wait();
}

void HangOwed() {
  WithAStranger([] {
    static lockcheck::promise<int> never;
    static auto answer = never.get_future();
    answer.wait();
  });
}

void HangHolding() {
  WithAStranger([] {
    static lockcheck::event never("never");
    std::lock_guard hold(g_a);
    never.wait();
  });
}

void Quiet() {
  std::lock_guard only(g_a);
  std::puts("ready");
  std::fflush(stdout);
  while (true) pause();
}

}  // namespace

#endif  // LOCKCHECK_TESTS_PROGRAMS_LIVE_HANGS_H_
