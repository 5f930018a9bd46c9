// Walks through a small trace that need not be runs, put to the check of
// witnesses: whatever that takes for a run into a deadlock must be one by the
// rules of the exhaustive search.
//
// Problem: what the analysis hands to the check is mostly right, so a check
// that lets anything pass would not be seen to do so.
#ifndef LOCKCHECK_TESTS_ORACLE_RANDOM_WALK_H_
#define LOCKCHECK_TESTS_ORACLE_RANDOM_WALK_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "lib/analysis/witness_check.h"
#include "tests/oracle/signal_search.h"

namespace lockcheck::oracle {

class RandomWalk {
 public:
  RandomWalk(const Trace& trace, std::mt19937& random)
      : trace_(trace),
        random_(random),
        moment_{std::vector<uint32_t>(trace.actors.size()), SignalPast(trace)} {
    const bool errs = Below(4) == 0;
    const uint32_t most = 4 + Below(40);
    for (uint32_t i = 0; i < most; ++i) Step(errs && Below(8) == 0);
  }

  // How many of the sets of waits at its end the check takes for a deadlock:
  // each of these is one.
  uint64_t AskOfAll(analysis::WitnessCheck& check) const {
    std::vector<analysis::WitnessWait> all;
    const SignalState state(trace_, moment_.first);
    for (uint32_t a = 0; a < trace_.actors.size(); ++a) {
      const Event* next = state.Next(a);
      if (next == nullptr || (next->kind != EventKind::kTake &&
                              next->kind != EventKind::kAcquire &&
                              next->kind != EventKind::kJoin)) {
        continue;
      }
      all.push_back({a, next->kind, next->object, next->mode});
    }
    uint64_t stuck = 0;
    for (uint32_t some = 1; some < 1u << all.size(); ++some) {
      std::vector<analysis::WitnessWait> waits;
      StuckSet set;
      for (uint32_t i = 0; i < all.size(); ++i) {
        if ((some >> i & 1) == 0) continue;
        waits.push_back(all[i]);
        set.insert({all[i].actor, moment_.first[all[i].actor]});
      }
      if (!check.LeadsToDeadlock(schedule_, waits)) continue;
      ++stuck;
      EXPECT_TRUE(is_run_) << "that was no run";
      EXPECT_TRUE(!is_run_ || StayStuck(trace_, moment_, set))
          << "one of those can go on";
    }
    return stuck;
  }

 private:
  uint32_t Below(uint32_t n) {
    return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_);
  }

  void Step(bool errs) {
    const SignalState state(trace_, moment_.first);
    std::vector<uint32_t> some;
    for (uint32_t a = 0; a < trace_.actors.size(); ++a) {
      if (errs ? state.Next(a) != nullptr : state.Enabled(a, moment_.second)) {
        some.push_back(a);
      }
    }
    if (some.empty()) return;
    const uint32_t a = some[Below(static_cast<uint32_t>(some.size()))];
    is_run_ &= state.Enabled(a, moment_.second);
    SignalState next = state;
    next.Do(a, moment_.second);
    moment_.first = next.length();
    schedule_.push_back(a);
  }

  const Trace& trace_;
  std::mt19937& random_;
  SignalMoment moment_;
  std::vector<uint32_t> schedule_;
  bool is_run_ = true;
};

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_RANDOM_WALK_H_
