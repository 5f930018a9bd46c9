// Stories of processes that hand each other items.
#include <lockcheck/lockcheck.h>
#include <lockcheck/process.h>
#include <signal.h>

#include <mutex>
#include <string>

#include "tests/programs/process_turns.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::process::child;
template <typename T>
using queue = lockcheck::process::queue<T>;

struct Shared : Turns {
  lockcheck::process::mutex mutex{"mutex"};
};

// ---- A put with a lock held -------------------------------------------------
enum class Consumer { kKeepsUp, kLagsBehind };
enum class Needs { kBeforeGet, kAfterGet };

// Two items, one after the other, put under the mutex; the consumer takes the
// mutex before it gets one, and comes after each put or when the second one is
// about to be made.
template <Consumer consumer, size_t room, Needs needs = Needs::kBeforeGet>
void PutHolding() {
  lockcheck::process::shared<Shared> s;
  queue<int> jobs(room, "jobs");
  constexpr int kPutsAgain = consumer == Consumer::kKeepsUp ? 3 : 2;
  child producer([&] {
    BeginChild("producer");
    {
      const std::lock_guard hold(s->mutex);
      jobs.put(1);
    }
    s->Arrive();
    if (consumer == Consumer::kKeepsUp) s->Await(2);
    const std::lock_guard hold(s->mutex);
    s->Arrive();
    jobs.put(2);
  });
  child eater([&] {
    BeginChild("consumer");
    s->Await(consumer == Consumer::kKeepsUp ? 1 : kPutsAgain);
    for (int i = 0; i < 2; ++i) {
      if (needs == Needs::kBeforeGet) {
        const std::lock_guard hold(s->mutex);
      }
      jobs.get();
      if (needs == Needs::kAfterGet) {
        const std::lock_guard hold(s->mutex);
      }
      if (i == 0 && consumer == Consumer::kKeepsUp) s->Arrive();
    }
  });
  s->Await(kPutsAgain);
  if (consumer == Consumer::kLagsBehind && room == 1 &&
      needs == Needs::kBeforeGet) {
    Stand();
  }
  producer.join();
  eater.join();
}

// ---- Two who serve each other -----------------------------------------------
// Each puts before it gets; the queues have room, or have been filled.
template <size_t room>
void EachOther() {
  lockcheck::process::shared<Shared> s;
  queue<int> left(room, "left"), right(room, "right");
  const auto serve = [&](const char* name, queue<int>& other, queue<int>& own) {
    BeginChild(name);
    s->Await(1);
    other.put(1);
    own.get();
    own.get();
  };
  child x([&] { serve("server of left", right, left); });
  child y([&] { serve("server of right", left, right); });
  left.put(2);
  right.put(2);
  s->Arrive();
  if (room == 1) Stand();
  x.join();
  y.join();
}

// ---- Death ------------------------------------------------------------------
void PutterDies() {
  queue<int> jobs(2, "jobs");
  child putter([&] {
    BeginChild("putter");
    jobs.put(1);
    raise(SIGKILL);
  });
  jobs.get();
  putter.join();
  Stand();
  jobs.get();
}

// What it got is never done.
void GetterDies() {
  queue<int> jobs(2, "jobs");
  jobs.put(1);
  child getter([&] {
    BeginChild("getter");
    jobs.get();
    raise(SIGKILL);
  });
  getter.join();
  Stand();
  jobs.join();
}

// ---- Safe -------------------------------------------------------------------
// A pipeline that is closed from the front to the back, whose stages use one
// mutex, also around a put and a get that do not block.
void Pipeline() {
  lockcheck::process::shared<Shared> s;
  queue<std::string> raw(2, "raw");
  queue<int> cooked(2, "cooked");
  const auto use_mutex = [&] { const std::lock_guard lock(s->mutex); };
  child cook([&] {
    BeginChild("cook");
    try {
      while (true) {
        const std::string item = raw.get();
        use_mutex();
        cooked.put(static_cast<int>(item.size()));
        raw.task_done();
      }
    } catch (const lockcheck::queue_closed&) {
      cooked.close();
    }
  });
  child eat([&] {
    BeginChild("eater");
    try {
      while (true) {
        cooked.get();
        const std::lock_guard lock(s->mutex);
        (void)cooked.get_nowait();
      }
    } catch (const lockcheck::queue_closed&) {
    }
  });
  for (size_t i = 0; i < 50; ++i) {
    raw.put(std::string(i, 'x'));
    const std::lock_guard lock(s->mutex);
    (void)raw.put_nowait("tried");
  }
  raw.join();
  raw.close();
  cook.join();
  eat.join();
}

// Safe: what is inside a queue orders no lock.
void InsideLocks() {
  lockcheck::process::shared<Shared> s, t;
  queue<int> q(1, "q");
  const auto use = [&](Shared& shared) {
    const std::lock_guard lock(shared.mutex);
    q.put(1);
    q.get();
  };
  child([&] { use(*s); }).join();
  child([&] { use(*t); }).join();
}

constexpr Story kStories[] = {
    {"put-under-mutex-latent", PutHolding<Consumer::kKeepsUp, 1>},
    {"put-under-mutex-hangs", PutHolding<Consumer::kLagsBehind, 1>},
    {"put-under-mutex-safe", PutHolding<Consumer::kLagsBehind, 2>},
    {"put-under-mutex-safe-keeps-up", PutHolding<Consumer::kKeepsUp, 2>},
    {"put-under-mutex-safe-after",
     PutHolding<Consumer::kLagsBehind, 1, Needs::kAfterGet>},
    {"put-under-mutex-safe-after-keeps-up",
     PutHolding<Consumer::kKeepsUp, 1, Needs::kAfterGet>},
    {"queues-hangs", EachOther<1>},
    {"queues-safe", EachOther<2>},
    {"putter-dies", PutterDies},
    {"getter-dies", GetterDies},
    {"pipeline", Pipeline},
    {"inside-locks", InsideLocks},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
