// Random small programs with locks and signals: a list of events for each
// actor.
#ifndef LOCKCHECK_TESTS_ORACLE_SIGNAL_PROGRAM_H_
#define LOCKCHECK_TESTS_ORACLE_SIGNAL_PROGRAM_H_

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tests/oracle/signal_search.h"

namespace lockcheck::oracle {

// Of what there is: locks first, then the others in turn.
struct SignalMix {
  uint32_t actors = 3;
  uint32_t locks = 2;
  std::vector<ObjectKind> signals = {ObjectKind::kSemaphore};
  uint32_t steps = 6;  // of an actor, at most
  uint32_t initial = 0;
  bool forks = true;  // main starts the others, and may join them
  int try_percent = 0;
  bool queues = false;     // signals: kQueue, kQueueSlots, and so on
  bool joins = false;      // signals: kQueue, kQueueDone, and so on
  bool own_items = false;  // each is done with what it got alone
  bool once = false;       // signals: kOnceFlag
  int many_percent = 0;    // of the requests for locks: for all at once
  bool held = false;       // semaphores: who took a permit gives it back
  bool under = false;      // signals: kConditionVariable, under the last lock
};

class SignalProgram {
 public:
  SignalProgram(const SignalMix& mix, std::mt19937& random)
      : mix_(mix), random_(random) {
    for (uint32_t l = 0; l < mix.locks; ++l) {
      trace_.objects.push_back({.kind = ObjectKind::kMutex});
    }
    for (const ObjectKind kind : mix.signals) {
      trace_.objects.push_back(
          {.kind = kind,
           .initial = kind == ObjectKind::kSemaphore    ? mix.initial
                      : kind == ObjectKind::kQueueSlots ? 1u
                      : kind == ObjectKind::kBarrier    ? 2u
                                                        : 0u,
           .held = mix.held});
      if (kind == ObjectKind::kQueueDone) {
        trace_.objects.back().items =
            static_cast<uint32_t>(trace_.objects.size() - 2);
      }
    }
    trace_.actors.resize(mix.actors);
    for (size_t i = 0; i < mix.signals.size(); ++i) {
      runner_.push_back(Below(mix.actors));
    }
    for (uint32_t a = 0; a < mix.actors; ++a) Write(a);
  }

  const Trace& program() const { return trace_; }

 private:
  uint32_t Below(uint32_t n) {
    return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_);
  }
  bool Percent(int p) { return static_cast<int>(Below(100)) < p; }

  void Add(uint32_t a, Event e) {
    auto& events = trace_.actors[a].events;
    e.site = a * 100 + static_cast<uint32_t>(events.size());
    events.push_back(e);
  }

  void Write(uint32_t a) {
    if (a == 0 && mix_.forks) {
      for (uint32_t u = 1; u < mix_.actors; ++u) {
        trace_.actors[u].forked_by = {
            0, static_cast<uint32_t>(trace_.actors[0].events.size())};
        Add(0, {.kind = EventKind::kFork, .object = u});
      }
    }
    std::vector<std::pair<uint32_t, uint32_t>> held;  // lock, its event
    std::set<uint32_t> joined;
    const uint32_t steps = 2 + Below(mix_.steps - 1);
    for (uint32_t i = 0; i < steps; ++i) Step(a, held, joined);
    while (!held.empty()) Release(a, held);
  }

  void Release(uint32_t a, std::vector<std::pair<uint32_t, uint32_t>>& held) {
    auto& events = trace_.actors[a].events;
    const auto [lock, begun] = held.back();
    held.pop_back();
    events[begun].match = static_cast<uint32_t>(events.size());
    Add(a, {.kind = EventKind::kRelease, .object = lock, .match = begun});
  }

  void Step(uint32_t a, std::vector<std::pair<uint32_t, uint32_t>>& held,
            std::set<uint32_t>& joined) {
    const uint32_t what = Below(10);
    if (what < 3 && held.size() < Locks()) {
      uint32_t lock = Below(Locks());
      const auto has = [&] {
        return std::any_of(held.begin(), held.end(),
                           [&](const auto& h) { return h.first == lock; });
      };
      while (has()) lock = (lock + 1) % Locks();
      if (mix_.many_percent > 0 && Percent(mix_.many_percent)) {
        return TakeAll(a, held);
      }
      held.emplace_back(lock,
                        static_cast<uint32_t>(trace_.actors[a].events.size()));
      Add(a, {.kind = EventKind::kAcquire,
              .how = Percent(mix_.try_percent) ? model::How::kTry
                                               : model::How::kBlocking,
              .object = lock});
    } else if (what < 5 && !held.empty()) {
      Release(a, held);
    } else if (what == 5 && a == 0 && mix_.forks) {
      const uint32_t child = 1 + Below(mix_.actors - 1);
      if (joined.insert(child).second) {
        Add(a, {.kind = EventKind::kJoin, .object = child});
      }
    } else if (mix_.once) {
      CallOnce(a, held);
    } else {
      Signal(a);
    }
  }

  // One actor runs a flag's function when it comes first, and passes later;
  // others pass, or run one that throws.
  void CallOnce(uint32_t a,
                const std::vector<std::pair<uint32_t, uint32_t>>& held) {
    const uint32_t i = Below(static_cast<uint32_t>(mix_.signals.size()));
    const uint32_t flag = mix_.locks + i;
    const bool throws = a != runner_[i] && Percent(20);
    const auto& events = trace_.actors[a].events;
    const bool has_called =
        std::any_of(events.begin(), events.end(), [&](const Event& e) {
          return e.kind == EventKind::kAcquire && e.object == flag;
        });
    if (!throws && (a != runner_[i] || has_called)) {
      const auto begun = Begin(a, flag);
      trace_.actors[a].events[begun].mode = model::Mode::kShared;
      return End(a, begun);
    }
    const auto begun = Begin(a, flag);
    std::vector<uint32_t> inside;
    for (uint32_t lock = 0; lock < mix_.locks; ++lock) {
      if (std::none_of(held.begin(), held.end(),
                       [&](const auto& h) { return h.first == lock; })) {
        inside.push_back(lock);
      }
    }
    if (Percent(50)) std::reverse(inside.begin(), inside.end());
    std::vector<uint32_t> open;
    for (const uint32_t lock : inside) open.push_back(Begin(a, lock));
    for (; !open.empty(); open.pop_back()) End(a, open.back());
    End(a, begun);
    trace_.actors[a].events.back().level = throws ? kThrown : 0;
  }
  uint32_t Begin(uint32_t a, uint32_t lock) {
    Add(a, {.kind = EventKind::kAcquire, .object = lock});
    return static_cast<uint32_t>(trace_.actors[a].events.size() - 1);
  }
  void End(uint32_t a, uint32_t begun) {
    auto& events = trace_.actors[a].events;
    events[begun].match = static_cast<uint32_t>(events.size());
    Add(a, {.kind = EventKind::kRelease,
            .mode = events[begun].mode,
            .object = events[begun].object,
            .match = begun});
  }

  // The signals are pairs: items of a queue, and its room.
  void PutOrGet(uint32_t a) {
    const auto queues = static_cast<uint32_t>(mix_.signals.size() / 2);
    const uint32_t items = mix_.locks + 2 * Below(queues);
    const bool puts = Below(2) == 0;
    Add(a, {.kind = EventKind::kTake, .object = puts ? items + 1 : items});
    Add(a, {.kind = EventKind::kPost,
            .post = puts ? Post::kPut : Post::kGet,
            .object = puts ? items : items + 1});
  }

  // The signals are pairs: items of a queue, and its end.
  void PutGetOrJoin(uint32_t a) {
    const auto queues = static_cast<uint32_t>(mix_.signals.size() / 2);
    const uint32_t items = mix_.locks + 2 * Below(queues);
    switch (Below(5)) {
      case 0:
      case 1:
        return Add(
            a, {.kind = EventKind::kPost, .post = Post::kPut, .object = items});
      case 2:
        return Add(a, {.kind = EventKind::kTake, .object = items});
      case 3:
        if (mix_.own_items && !HasItem(a, items)) {
          return Add(a, {.kind = EventKind::kTake, .object = items});
        }
        return Add(a, {.kind = EventKind::kPost,
                       .post = Post::kTaskDone,
                       .object = items + 1});
      default:
        return Add(a, {.kind = EventKind::kTake, .object = items + 1});
    }
  }

  bool HasItem(uint32_t a, uint32_t items) const {
    int gets = 0;
    for (const Event& e : trace_.actors[a].events) {
      if (e.kind == EventKind::kTake && e.object == items) ++gets;
      if (e.kind == EventKind::kPost && e.object == items + 1) --gets;
    }
    return gets > 0;
  }

  // That it does not have, in any order.
  void TakeAll(uint32_t a, std::vector<std::pair<uint32_t, uint32_t>>& held) {
    std::vector<uint32_t> locks;
    for (uint32_t l = 0; l < Locks(); ++l) {
      if (std::none_of(held.begin(), held.end(),
                       [&](const auto& h) { return h.first == l; })) {
        locks.push_back(l);
      }
    }
    std::shuffle(locks.begin(), locks.end(), random_);
    for (const uint32_t lock : locks) {
      held.emplace_back(lock, Begin(a, lock));
      if (lock == locks.front()) continue;
      Event& e = trace_.actors[a].events.back();
      e.how = model::How::kTry;
      e.level = kWithTheFirst;
    }
  }

  // But that of a condition.
  uint32_t Locks() const { return mix_.locks - (mix_.under ? 1 : 0); }

  // What an actor has at its end it keeps.
  void TakeOrGiveBack(uint32_t a, uint32_t permits) {
    auto& events = trace_.actors[a].events;
    const auto open =
        std::find_if(events.begin(), events.end(), [&](const Event& e) {
          return e.kind == EventKind::kTake && e.object == permits &&
                 e.match == analysis::kNone;
        });
    if (open == events.end()) {
      return Add(a, {.kind = EventKind::kTake, .object = permits});
    }
    open->match = static_cast<uint32_t>(events.size());
    const auto begun = static_cast<uint32_t>(open - events.begin());
    Add(a, {.kind = EventKind::kPost,
            .post = Post::kRelease,
            .object = permits,
            .match = begun});
  }

  // Sets a predicate and notifies all, or waits until it is set; under a lock.
  void NotifyOrWait(uint32_t a, uint32_t condition) {
    const uint32_t lock = mix_.locks - 1;
    const uint32_t begun = Begin(a, lock);
    if (Below(2) == 0) {
      Add(a, {.kind = EventKind::kPost,
              .post = Post::kNotifyAll,
              .object = condition});
      return End(a, begun);
    }
    End(a, begun);
    Add(a, {.kind = EventKind::kWaitBegin, .object = condition});
    Add(a, {.kind = EventKind::kTake, .object = condition});
    const uint32_t again = Begin(a, lock);
    End(a, again);
  }

  void StartEndOrWait(uint32_t a, uint32_t operation) {
    switch (Below(3)) {
      case 0:
        return Add(a, {.kind = EventKind::kPost,
                       .post = Post::kClear,
                       .object = operation});
      case 1:
        return Add(a, {.kind = EventKind::kPost,
                       .post = Post::kComplete,
                       .object = operation});
      default:
        return Add(a, {.kind = EventKind::kTake, .object = operation});
    }
  }

  void Signal(uint32_t a) {
    const uint32_t object =
        mix_.locks + Below(static_cast<uint32_t>(mix_.signals.size()));
    const bool is_flag = trace_.objects[object].kind == ObjectKind::kEvent;
    if (mix_.queues) return PutOrGet(a);
    if (mix_.held) return TakeOrGiveBack(a, object);
    if (mix_.under) return NotifyOrWait(a, object);
    if (trace_.objects[object].kind == ObjectKind::kBarrier) {
      Add(a,
          {.kind = EventKind::kPost, .post = Post::kArrive, .object = object});
      return Add(a, {.kind = EventKind::kTake, .object = object});
    }
    if (mix_.joins) return PutGetOrJoin(a);
    if (trace_.objects[object].kind == ObjectKind::kOperation) {
      return StartEndOrWait(a, object);
    }
    if (Below(2) == 0) {
      Add(a, {.kind = EventKind::kTake,
              .how = Percent(mix_.try_percent) ? model::How::kTry
                                               : model::How::kBlocking,
              .object = object});
    } else if (is_flag) {
      Add(a, {.kind = EventKind::kPost,
              .post = Below(3) == 0 ? Post::kClear : Post::kSet,
              .object = object});
    } else {
      Add(a, {.kind = EventKind::kPost,
              .post = Post::kRelease,
              .object = object,
              .amount = Below(4) == 0 ? 2u : 1u});
    }
  }

  const SignalMix& mix_;
  std::mt19937& random_;
  Trace trace_;
  std::vector<uint32_t> runner_;  // of each once_flag
};

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_SIGNAL_PROGRAM_H_
