// Random small programs with pools of threads: threads and tasks submit tasks,
// wait for tasks, and use locks and semaphores meanwhile.
#ifndef LOCKCHECK_TESTS_ORACLE_POOL_PROGRAM_H_
#define LOCKCHECK_TESTS_ORACLE_POOL_PROGRAM_H_

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tests/oracle/signal_search.h"

namespace lockcheck::oracle {

struct PoolMix {
  std::vector<uint32_t> pools = {1};  // how many workers each has
  uint32_t threads = 2;
  uint32_t tasks = 3;
  uint32_t locks = 1;
  std::vector<ObjectKind> signals = {ObjectKind::kSemaphore};
  uint32_t steps = 3;  // of an actor, at most, without what it submits
};

// Actors are the threads, then the tasks; objects are locks, signals, pools.
class PoolProgram {
 public:
  PoolProgram(const PoolMix& mix, std::mt19937& random)
      : mix_(mix), random_(random) {
    auto& objects = program_.objects;
    for (uint32_t i = 0; i < mix.locks; ++i) {
      objects.push_back({.kind = ObjectKind::kMutex});
    }
    for (const ObjectKind kind : mix.signals) objects.push_back({.kind = kind});
    for (const uint32_t workers : mix.pools) {
      objects.push_back(
          {.kind = ObjectKind::kThreadPool, .initial = workers, .held = true});
    }
    const uint32_t actors = mix.threads + mix.tasks;
    program_.actors.resize(actors);
    submits_.resize(actors);
    // A task may be submitted by one that is; then by one that comes before.
    for (uint32_t t = mix.threads; t < actors; ++t) {
      submits_[Below(Percent(40) ? t : mix.threads)].push_back(t);
    }
    for (uint32_t a = 0; a < actors; ++a) Write(a);
  }

  const Trace& program() const { return program_; }

 private:
  struct Held {
    uint32_t object;
    uint32_t event;
  };

  uint32_t Below(uint32_t n) {
    return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_);
  }
  template <typename T>
  static uint32_t Count(const std::vector<T>& list) {
    return static_cast<uint32_t>(list.size());
  }
  bool Percent(uint32_t p) { return Below(100) < p; }
  uint32_t Size(uint32_t a) const {
    return static_cast<uint32_t>(program_.actors[a].events.size());
  }
  void Add(uint32_t a, Event e) {
    e.site = a * 100 + Size(a);
    program_.actors[a].events.push_back(e);
  }

  void Write(uint32_t a) {
    const bool is_task = a >= mix_.threads;
    const uint32_t pool =
        mix_.locks + Count(mix_.signals) + Below(Count(mix_.pools));
    if (is_task) Add(a, {.kind = EventKind::kTake, .object = pool});
    std::vector<bool> is_submit(submits_[a].size(), true);
    is_submit.resize(is_submit.size() + Below(mix_.steps + 1));
    std::shuffle(is_submit.begin(), is_submit.end(), random_);
    std::vector<Held> held;
    std::set<uint32_t> joined = {a};
    auto next = submits_[a].begin();
    for (const bool submit : is_submit) {
      if (submit) {
        Submit(a, *next++);
      } else {
        Step(a, held, joined);
      }
    }
    while (!held.empty()) Release(a, held);
    if (is_task) GiveBack(a, pool);
  }

  void Submit(uint32_t a, uint32_t task) {
    program_.actors[task].forked_by = {a, Size(a)};
    Add(a, {.kind = EventKind::kFork, .object = task});
  }

  void End(uint32_t a, uint32_t begun, Event end) {
    program_.actors[a].events[begun].match = Size(a);
    end.match = begun;
    Add(a, end);
  }
  void GiveBack(uint32_t a, uint32_t pool) {
    End(a, 0,
        {.kind = EventKind::kPost, .post = Post::kTaskDone, .object = pool});
  }
  void Release(uint32_t a, std::vector<Held>& held) {
    End(a, held.back().event,
        {.kind = EventKind::kRelease, .object = held.back().object});
    held.pop_back();
  }

  void Step(uint32_t a, std::vector<Held>& held, std::set<uint32_t>& joined) {
    const uint32_t what = Below(10);
    const uint32_t task = mix_.threads + Below(mix_.tasks);
    if (what < 5) {
      if (joined.insert(task).second) {
        Add(a, {.kind = EventKind::kJoin, .object = task});
      }
    } else if (what < 7 && mix_.locks > 0) {
      const uint32_t lock = Below(mix_.locks);
      const bool has =
          std::any_of(held.begin(), held.end(),
                      [&](const Held& h) { return h.object == lock; });
      if (has) return Release(a, held);
      held.push_back({lock, Size(a)});
      Add(a, {.kind = EventKind::kAcquire, .object = lock});
    } else if (!mix_.signals.empty()) {
      Signal(a, Below(Count(mix_.signals)));
    }
  }

  void Signal(uint32_t a, uint32_t signal) {
    const uint32_t object = mix_.locks + signal;
    if (Percent(50))
      return Add(a, {.kind = EventKind::kTake, .object = object});
    const bool is_flag = mix_.signals[signal] == ObjectKind::kEvent;
    Add(a, {.kind = EventKind::kPost,
            .post = !is_flag      ? Post::kRelease
                    : Percent(30) ? Post::kClear
                                  : Post::kSet,
            .object = object});
  }

  const PoolMix& mix_;
  std::mt19937& random_;
  Trace program_;
  std::vector<std::vector<uint32_t>> submits_;  // by actor
};

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_POOL_PROGRAM_H_
