// Locks whose order is declared, and who keeps it or does not.
//   lock_order_program SCENARIO
#include <cstdio>
#include <functional>
#include <latch>
#include <map>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <string>

#include "lockcheck/coroutine.h"
#include "lockcheck/lockcheck.h"
#include "lockcheck/process.h"

namespace {

using lockcheck::acquired_after;
using lockcheck::acquired_before;

template <typename Lock>
void TakeBoth(Lock& first, Lock& second) {
  const std::lock_guard outer(first);
  const std::lock_guard inner(second);
}

lockcheck::mutex g_index("index"), g_journal("journal"), g_cache("cache");

// Both take the journal first.
[[gnu::noinline]] void AppendRecord() {
  const std::lock_guard journal(g_journal);
  const std::lock_guard index(g_index);
}

void Broken() {
  acquired_before(g_index, g_journal);
  lockcheck::thread([] { AppendRecord(); }).join();
}

// The same thread comes the same way before and after the declaration.
void BrokenBeforeAndAfter() {
  AppendRecord();
  acquired_before(g_index, g_journal);
  AppendRecord();
}

void Often() {
  for (int i = 0; i < 1000; ++i) acquired_before(g_index, g_journal);
  AppendRecord();
}

// From the index more orders lead on than are looked at, and there are more
// than are kept.
void TooMany() {
  static lockcheck::mutex firsts[600], seconds[600];
  for (auto& first : firsts) acquired_before(g_index, first);
  for (auto& first : firsts) {
    for (auto& second : seconds) acquired_before(first, second);
  }
  TakeBoth(g_cache, g_index);
}

void Kept() {
  acquired_before(g_index, g_journal);
  acquired_after(g_cache, g_journal);
  lockcheck::thread([] { TakeBoth(g_index, g_journal); }).join();
  TakeBoth(g_index, g_cache);
  const lockcheck::scoped_lock all(g_cache, g_index, g_journal);
}

void ByWayOfOthers() {
  acquired_before(g_index, g_cache);
  acquired_after(g_journal, g_cache);
  AppendRecord();
}

void Contradiction() {
  acquired_before(g_index, g_journal, g_cache);
  acquired_after(g_index, g_cache);
}

void Never() {
  acquired_before(g_index, g_journal, g_cache);
  TakeBoth(g_cache, g_journal);
}

void Tried() {
  acquired_before(g_index, g_journal);
  const std::lock_guard journal(g_journal);
  if (g_index.try_lock()) g_index.unlock();
}

// Who waits for a condition asks for its lock again, with the journal held.
void Condition() {
  acquired_before(g_index, g_journal);
  lockcheck::condition_variable condition;
  bool ready = false;
  std::latch is_there(1);
  lockcheck::thread waiter([&] {
    std::unique_lock index(g_index);
    const std::lock_guard journal(g_journal);
    is_there.count_down();
    condition.wait(index, [&] { return ready; });
  });
  is_there.wait();
  {
    const std::lock_guard index(g_index);
    ready = true;
  }
  condition.notify_one();
  waiter.join();
}

// A later pair lies where an earlier one did, and is declared the other way
// round.
void Reborn() {
  struct Pair {
    lockcheck::mutex a{"a"}, b{"b"};
  };
  alignas(Pair) unsigned char memory[sizeof(Pair)];
  {
    auto* const pair = new (memory) Pair;
    acquired_before(pair->a, pair->b);
    TakeBoth(pair->a, pair->b);
    pair->~Pair();
  }
  auto* const pair = new (memory) Pair;
  TakeBoth(pair->b, pair->a);
  acquired_before(pair->b, pair->a);
  pair->~Pair();
}

template <typename Lock>
void BrokenBy(const char* first, const char* second) {
  Lock a(first), b(second);
  acquired_before(a, b);
  TakeBoth(b, a);
}

void AllKinds() {
  BrokenBy<lockcheck::timed_mutex>("timed 1", "timed 2");
  BrokenBy<lockcheck::recursive_mutex>("recursive 1", "recursive 2");
  BrokenBy<lockcheck::recursive_timed_mutex>("recursive timed 1",
                                             "recursive timed 2");
  BrokenBy<lockcheck::shared_mutex>("shared 1", "shared 2");
  BrokenBy<lockcheck::shared_timed_mutex>("shared timed 1", "shared timed 2");
  // Readers, of different kinds of lock.
  lockcheck::shared_mutex read("read 1");
  lockcheck::shared_timed_mutex read_too("read 2");
  acquired_after(read_too, read);
  const std::shared_lock outer(read_too);
  const std::shared_lock inner(read);
}

struct Shared {
  lockcheck::process::mutex a{"shared a"};
  lockcheck::process::recursive_mutex b{"shared b"};
  lockcheck::process::shared_mutex c{"shared c"};
};

// The parent declares before it forks, and a child breaks it.
void Processes() {
  lockcheck::process::shared<Shared> s;
  acquired_before(s->a, s->b);
  acquired_before(s->b, s->c);
  lockcheck::process::child child([&] {
    const std::lock_guard c(s->c);
    s->a.lock();
    s->a.unlock();
  });
  child.join();
}

lockcheck::coroutine::task<> TakeInCoroutine(lockcheck::coroutine::mutex& a,
                                             lockcheck::coroutine::mutex& b) {
  co_await b.lock();
  co_await a.lock();
  a.unlock();
  b.unlock();
}

void Coroutines() {
  lockcheck::coroutine::mutex a("coroutine a"), b("coroutine b");
  lockcheck::coroutine::shared_mutex c("coroutine c");
  acquired_before(a, b);
  acquired_after(c, a, b);
  lockcheck::coroutine::context context;
  context.spawn(TakeInCoroutine(a, b));
  context.run();
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<void()>> scenarios = {
      {"broken", Broken},
      {"broken-before-and-after", BrokenBeforeAndAfter},
      {"often", Often},
      {"too-many", TooMany},
      {"kept", Kept},
      {"by-way-of-others", ByWayOfOthers},
      {"contradiction", Contradiction},
      {"never", Never},
      {"tried", Tried},
      {"condition", Condition},
      {"reborn", Reborn},
      {"all-kinds", AllKinds},
      {"processes", Processes},
      {"coroutines", Coroutines}};
  const auto found = scenarios.find(argc > 1 ? argv[1] : "");
  if (found == scenarios.end()) return 2;
  found->second();
}
