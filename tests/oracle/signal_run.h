// Random traces of small programs with locks and signals, made by running one.
#ifndef LOCKCHECK_TESTS_ORACLE_SIGNAL_RUN_H_
#define LOCKCHECK_TESTS_ORACLE_SIGNAL_RUN_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "lib/analysis/trace.h"
#include "tests/oracle/signal_trace.h"

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
};

// A program is a list of events for each actor; a run that comes to its end
// numbers the acts. Nothing: it did not.
class SignalRun {
 public:
  SignalRun(const SignalMix& mix, std::mt19937& random)
      : mix_(mix), random_(random) {
    for (uint32_t l = 0; l < mix.locks; ++l) {
      trace_.objects.push_back({.kind = ObjectKind::kMutex});
    }
    for (const ObjectKind kind : mix.signals) {
      trace_.objects.push_back(
          {.kind = kind,
           .initial = kind == ObjectKind::kSemaphore    ? mix.initial
                      : kind == ObjectKind::kQueueSlots ? 1u
                                                        : 0u});
      if (kind == ObjectKind::kQueueDone) {
        trace_.objects.back().items =
            static_cast<uint32_t>(trace_.objects.size() - 2);
      }
    }
    trace_.actors.resize(mix.actors);
    for (uint32_t a = 0; a < mix.actors; ++a) Write(a);
  }

  std::optional<Trace> Run() {
    Trace script = trace_;
    std::vector<uint32_t> length(mix_.actors);
    std::vector<bool> flags(trace_.objects.size());
    std::vector<uint32_t> acts(trace_.objects.size());
    std::map<uint32_t, uint32_t> last_set, holder, handover, none_left;
    std::set<uint32_t> posted;
    for (;;) {
      const SignalState state(script, length);
      std::vector<uint32_t> ready;
      for (uint32_t a = 0; a < mix_.actors; ++a) {
        if (state.Enabled(a, flags)) ready.push_back(a);
      }
      if (ready.empty()) break;
      const uint32_t a = ready[Below(static_cast<uint32_t>(ready.size()))];
      Event& e = trace_.actors[a].events[length[a]++];
      if (e.kind == EventKind::kAcquire) {
        const auto [row, is_new] = holder.try_emplace(e.object, a);
        if (row->second != a) ++handover[e.object];
        row->second = a;
        e.order = handover[e.object];
      } else if (e.kind == EventKind::kPost && state.IsFlag(e.object)) {
        const bool set = e.post == Post::kSet;
        e.order = flags[e.object] == set ? 0 : ++acts[e.object];
        if (e.order != 0 && set) last_set[e.object] = e.order;
        flags[e.object] = set;
      } else if (e.kind != EventKind::kFork && e.kind != EventKind::kJoin &&
                 state.IsOutstanding(e.object)) {
        NumberOutstanding(script, length, acts, none_left, e);
      } else if (e.kind == EventKind::kTake) {
        e.order =
            state.IsFlag(e.object) ? last_set[e.object] : ++acts[e.object];
        // Of a semaphore whose first permits are taken as holds.
        const bool holds =
            trace_.objects[e.object].kind == ObjectKind::kSemaphore &&
            acts[e.object] <= trace_.objects[e.object].initial &&
            !posted.contains(e.object);
        if (holds) e.order = 0;
      } else if (e.kind == EventKind::kPost) {
        e.order = ++acts[e.object];
        posted.insert(e.object);
      }
    }
    for (uint32_t a = 0; a < mix_.actors; ++a) {
      if (length[a] != trace_.actors[a].events.size()) return std::nullopt;
      trace_.actors[a].ended = true;
    }
    return std::move(trace_);
  }

 private:
  // An operation's own acts are numbered; of a queue puts and gets are.
  void NumberOutstanding(const Trace& script,
                         const std::vector<uint32_t>& length,
                         std::vector<uint32_t>& acts,
                         std::map<uint32_t, uint32_t>& none_left, Event& e) {
    const uint32_t items = script.objects[e.object].items;
    if (e.kind == EventKind::kTake) {
      e.order = none_left[e.object];
      return;
    }
    if (items == analysis::kNone) ++acts[e.object];
    e.order = acts[items == analysis::kNone ? e.object : items];
    const SignalState after(script, length);
    e.level = static_cast<uint32_t>(after.Left(e.object));
    if (e.level == 0) none_left[e.object] = e.order;
  }

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
    if (what < 3 && held.size() < mix_.locks) {
      uint32_t lock = Below(mix_.locks);
      const auto has = [&] {
        return std::any_of(held.begin(), held.end(),
                           [&](const auto& h) { return h.first == lock; });
      };
      while (has()) lock = (lock + 1) % mix_.locks;
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
    } else {
      Signal(a);
    }
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
};

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_SIGNAL_RUN_H_
