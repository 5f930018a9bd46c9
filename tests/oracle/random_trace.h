// Random traces of small programs, made by running one: at each step a random
// actor that can go on does something random that is allowed. A run that
// deadlocks gives a trace that ends in requests.
#ifndef LOCKCHECK_TESTS_ORACLE_RANDOM_TRACE_H_
#define LOCKCHECK_TESTS_ORACLE_RANDOM_TRACE_H_

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "tests/oracle/trace.h"

namespace lockcheck::oracle {

struct Mix {
  uint32_t actors = 3;
  uint32_t locks = 3;
  uint32_t events_per_actor = 8;
  bool hand_over_hand = false;  // release any held lock, not the innermost
  bool all_at_start = false;    // no forks: nobody's start was seen
  int try_percent = 0;
  int shared_percent = 0;
  int join_percent = 0;  // of an actor's steps, joins where one is possible
  uint32_t variables = 0;
  int access_percent = 0;      // of an actor's steps, accesses of variables
  bool updates = true;         // else reads and writes alone
  bool site_per_event = true;  // else one site per actor's operation and lock
};

class RandomRun {
 public:
  RandomRun(const Mix& mix, std::mt19937& random)
      : mix_(mix), random_(random), actors_(mix.actors) {
    trace_.actor_count = mix.actors;
    for (uint32_t l = 0; l < mix.locks; ++l) {
      trace_.Lock(std::string(1, static_cast<char>('a' + l)));
    }
    for (uint32_t v = 0; v < mix.variables; ++v) {
      trace_.Variable(std::string(1, static_cast<char>('x' + v)));
    }
    for (uint32_t a = 0; a < mix.actors; ++a) {
      actors_[a].started = a == 0 || mix.all_at_start;
      actors_[a].steps = 2 + Below(mix.events_per_actor - 1);
    }
  }

  Trace Run() {
    for (;;) {
      std::vector<uint32_t> ready;
      for (uint32_t a = 0; a < mix_.actors; ++a) {
        if (CanGoOn(a)) ready.push_back(a);
      }
      if (ready.empty()) break;
      Step(ready[Below(static_cast<uint32_t>(ready.size()))]);
    }
    for (uint32_t a = 0; a < mix_.actors; ++a) {
      if (!actors_[a].waits) continue;
      Event e = *actors_[a].waits;
      e.join = e.op == Op::kJoin;
      e.op = Op::kRequest;
      Emit(e);
    }
    return std::move(trace_);
  }

 private:
  struct Held {
    uint32_t lock;
    model::Mode mode;
  };
  struct ActorState {
    bool started = false, ended = false, joined = false;
    uint32_t steps = 0;
    std::vector<Held> held;
    std::optional<Event> waits;
  };

  uint32_t Below(uint32_t n) {
    return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_);
  }
  bool Percent(int p) { return static_cast<int>(Below(100)) < p; }

  bool Free(uint32_t actor, const Event& e) const {
    for (uint32_t a = 0; a < mix_.actors; ++a) {
      for (const Held& h : actors_[a].held) {
        if (a != actor && h.lock == e.object &&
            (h.mode == model::Mode::kExclusive ||
             e.mode == model::Mode::kExclusive)) {
          return false;
        }
      }
    }
    return true;
  }
  bool Satisfied(uint32_t actor, const Event& e) const {
    return e.op == Op::kJoin ? actors_[e.object].ended : Free(actor, e);
  }
  bool CanGoOn(uint32_t a) const {
    const ActorState& s = actors_[a];
    return s.started && !s.ended && (!s.waits || Satisfied(a, *s.waits));
  }

  void Emit(Event e) {
    e.site = mix_.site_per_event ? static_cast<uint32_t>(trace_.events.size())
                                 : e.object * 16 + static_cast<uint32_t>(e.op);
    trace_.events.push_back(e);
  }

  void Do(const Event& e) {
    ActorState& s = actors_[e.actor];
    if (!Satisfied(e.actor, e)) {
      if (e.how != model::How::kTry) s.waits = e;
      return;
    }
    s.waits.reset();
    Emit(e);
    if (e.op == Op::kAcquire) s.held.push_back({e.object, e.mode});
    if (e.op == Op::kJoin) actors_[e.object].joined = true;
  }

  void Step(uint32_t a) {
    ActorState& s = actors_[a];
    if (s.waits) return Do(*s.waits);
    if (s.steps > 0) --s.steps;
    if (Fork(a)) return;
    if (s.steps == 0) return Finish(a);
    if (Percent(mix_.join_percent) && Join(a)) return;
    if (Percent(mix_.access_percent)) return Access(a);
    const bool acquire =
        s.held.size() < mix_.locks && (s.held.empty() || Below(5) < 3);
    acquire ? Acquire(a) : Release(a);
  }

  // Main starts the others; so does, now and then, an actor already started.
  bool Fork(uint32_t a) {
    for (uint32_t u = 1; u < mix_.actors; ++u) {
      if (actors_[u].started || !(a == 0 ? Percent(50) : Percent(10))) continue;
      actors_[u].started = true;
      Emit({a, Op::kFork, u});
      return true;
    }
    return false;
  }

  bool Join(uint32_t a) {
    const uint32_t u = Below(mix_.actors);
    if (u == a || u == 0 || !actors_[u].started || actors_[u].joined) {
      return false;
    }
    for (const ActorState& other : actors_) {
      if (other.waits && other.waits->op == Op::kJoin &&
          other.waits->object == u) {
        return false;
      }
    }
    Do({a, Op::kJoin, u});
    return true;
  }

  void Acquire(uint32_t a) {
    uint32_t lock = Below(mix_.locks);
    const auto& held = actors_[a].held;
    while (std::any_of(held.begin(), held.end(),
                       [&](const Held& h) { return h.lock == lock; })) {
      lock = (lock + 1) % mix_.locks;
    }
    Event e = {a, Op::kAcquire, lock};
    if (Percent(mix_.try_percent)) {
      e.how = model::How::kTry;
    } else if (Percent(mix_.shared_percent)) {
      e.mode = model::Mode::kShared;
    }
    Do(e);
  }

  // Now and then several reads in a row, of the same or another variable.
  void Access(uint32_t a) {
    const uint32_t kind = Below(10);
    if (kind >= 6) {
      return Emit({a, kind == 9 && mix_.updates ? Op::kUpdate : Op::kWrite,
                   Below(mix_.variables)});
    }
    do {
      Emit({a, Op::kRead, Below(mix_.variables)});
    } while (Percent(40));
  }

  void Release(uint32_t a) {
    auto& held = actors_[a].held;
    const size_t i = mix_.hand_over_hand
                         ? Below(static_cast<uint32_t>(held.size()))
                         : held.size() - 1;
    Emit({a, Op::kRelease, held[i].lock, false, held[i].mode});
    held.erase(held.begin() + static_cast<ptrdiff_t>(i));
  }

  void Finish(uint32_t a) {
    if (!actors_[a].held.empty()) return Release(a);
    actors_[a].ended = true;
  }

  const Mix& mix_;
  std::mt19937& random_;
  std::vector<ActorState> actors_;
  Trace trace_;
};

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_RANDOM_TRACE_H_
