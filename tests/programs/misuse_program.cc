// One misuse each, and what comes after it.
//   misuse_program SCENARIO
// Prints "ok" if the program went on as documented.

#include <sched.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "lockcheck/lockcheck.h"
#include "tests/instrument/sleeper.h"

namespace {

using lockcheck::barrier;
using lockcheck::event;
using lockcheck::latch;

bool OtherGets(auto& lock) {
  bool got = false;
  lockcheck::thread([&] {
    got = lock.try_lock();
    if (got) lock.unlock();
  }).join();
  return got;
}

bool Refuses(auto act) {
  try {
    act();
  } catch (const std::system_error& error) {
    return error.code() == std::errc::operation_not_permitted;
  }
  return false;
}

bool UnlockFree() {
  static lockcheck::mutex m("m");
  m.lock();
  m.unlock();
  m.unlock();
  return OtherGets(m);
}

bool UnlockFreeRecursive() {
  static lockcheck::recursive_mutex m("m");
  m.lock();
  m.unlock();
  m.unlock();
  return OtherGets(m);
}

bool UnlockByOther() {
  static lockcheck::mutex m("m");
  m.lock();
  lockcheck::thread([] { m.unlock(); }).join();
  const bool free = OtherGets(m);
  // Whoever held it takes it again: it is held once.
  m.lock();
  const bool held = !OtherGets(m);
  m.unlock();
  return free && held && OtherGets(m);
}

bool UnlockByOtherRecursive() {
  static lockcheck::recursive_mutex m("m");
  m.lock();
  bool refused = false;
  lockcheck::thread([&] { refused = Refuses([] { m.unlock(); }); }).join();
  const bool held = !OtherGets(m);
  m.unlock();
  return refused && held && OtherGets(m);
}

bool DestroyHeld() {
  std::unique_ptr<lockcheck::mutex> m(new lockcheck::mutex("m"));
  m->lock();
  m.reset();
  return true;
}

bool DestroyRead() {
  std::unique_ptr<lockcheck::shared_mutex> m(new lockcheck::shared_mutex("m"));
  m->lock_shared();
  m.reset();
  return true;
}

// All its readers get in, though each of them stays until all are there.
bool UnlockByOtherShared() {
  static lockcheck::shared_mutex m("m");
  std::atomic<int> waiting = 0, reading = 0;
  m.lock();
  std::vector<lockcheck::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      ++waiting;
      m.lock_shared();
      ++reading;
      while (reading < 3) sched_yield();
      m.unlock_shared();
    });
  }
  while (waiting < 3 || (*reinterpret_cast<std::atomic<uint32_t>*>(&m) &
                         lockcheck::internal::kWaiters) == 0) {
    sched_yield();
  }
  lockcheck::thread([] { m.unlock(); }).join();
  for (auto& reader : readers) reader.join();
  return true;
}

// The waiter goes on to wait, on freed memory if the lock was on the heap; here
// the storage stays.
bool DestroyWaited() {
  alignas(lockcheck::timed_mutex) static char
      storage[sizeof(lockcheck::timed_mutex)];
  auto* const m = new (storage) lockcheck::timed_mutex("m");
  m->lock();
  lockcheck::thread([m] { m->try_lock_for(std::chrono::hours(1)); }).detach();
  // Its first word has the waiter's bit set while somebody sleeps.
  while ((*reinterpret_cast<std::atomic<uint32_t>*>(storage) &
          lockcheck::internal::kWaiters) == 0) {
    sched_yield();
  }
  m->~timed_mutex();
  return true;
}

// The same of what is waited for.
template <typename Waited>
bool DestroyWaitedFor(void (*wait)(Waited&), auto... made_of) {
  alignas(Waited) static char storage[sizeof(Waited)];
  auto* const m = new (storage) Waited(made_of...);
  auto* const waiter = new lockcheck::testing::Sleeper([=] { wait(*m); });
  if (!waiter->UntilAsleep()) return false;
  m->~Waited();
  return true;
}

bool Throws(auto act) {
  try {
    act();
  } catch (const std::logic_error&) {
    return true;
  }
  return false;
}

bool ArriveTooOftenAtLatch() {
  static latch m(2, "m");
  return Throws([] { m.count_down(3); }) && !m.try_wait();
}

bool ArriveTooOftenAtBarrier() {
  static barrier<> m(1, "m");
  if (!Throws([] { (void)m.arrive(2); })) return false;
  m.arrive_and_wait();
  return true;
}

bool SelfLock() {
  static lockcheck::mutex m("m");
  m.lock();
  m.lock();
  return false;
}

bool SelfTryAndTimed() {
  static lockcheck::timed_mutex m("m");
  m.lock();
  const bool refused =
      !m.try_lock() && !m.try_lock_for(std::chrono::milliseconds(1));
  m.unlock();
  return refused && OtherGets(m);
}

const std::map<std::string, std::function<bool()>> kScenarios = {
    {"unlock_free", UnlockFree},
    {"unlock_free_recursive", UnlockFreeRecursive},
    {"unlock_by_other", UnlockByOther},
    {"unlock_by_other_recursive", UnlockByOtherRecursive},
    {"unlock_by_other_shared", UnlockByOtherShared},
    {"destroy_held", DestroyHeld},
    {"destroy_read", DestroyRead},
    {"destroy_waited", DestroyWaited},
    {"destroy_waited_event",
     [] { return DestroyWaitedFor<event>([](event& m) { m.wait(); }, "m"); }},
    {"destroy_waited_latch",
     [] {
       return DestroyWaitedFor<latch>([](latch& m) { m.wait(); }, 1, "m");
     }},
    {"destroy_waited_barrier",
     [] {
       return DestroyWaitedFor<barrier<>>(
           [](barrier<>& m) { m.arrive_and_wait(); }, 2, "m");
     }},
    {"arrive_too_often_latch", ArriveTooOftenAtLatch},
    {"arrive_too_often_barrier", ArriveTooOftenAtBarrier},
    {"self_lock", SelfLock},
    {"self_try_and_timed", SelfTryAndTimed},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 90;
  const auto scenario = kScenarios.find(argv[1]);
  if (scenario == kScenarios.end()) return 91;
  puts(scenario->second() ? "ok" : "not as documented");
  return 0;
}
