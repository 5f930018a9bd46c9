// Whether a reader can do what a report shows of a schedule: each actor goes on
// until it has done its next shown step, and does what is not shown on its way
// then; at the end the deadlock's actors go on to their last requests. Nobody
// must be held up by a lock. Who waits for an end lets that actor finish, and
// who reads or writes a variable those that did so before, unless all of them
// read.
#ifndef LOCKCHECK_TESTS_ORACLE_FOLLOWED_H_
#define LOCKCHECK_TESTS_ORACLE_FOLLOWED_H_

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "lib/analysis/findings.h"

namespace lockcheck::oracle {

class Follower {
 public:
  explicit Follower(const analysis::Witness& witness) : witness_(witness) {
    for (const auto& step : witness.steps) {
      steps_of_[step.actor].push_back(&step);
      NoteAccess(step);
      if (step.kind == analysis::EventKind::kFork) {
        start_of_[step.object] = {step.actor, steps_of_[step.actor].size()};
      }
    }
  }

  bool Follow(const std::vector<analysis::Part>& parts) {
    std::map<uint32_t, size_t> listed;
    for (const auto& step : witness_.steps) {
      const size_t until = ++listed[step.actor];
      if (step.matters) Run(step.actor, until);
    }
    for (const auto& part : parts) {
      Run(part.actor, steps_of_[part.actor].size());
    }
    return !held_up_;
  }

 private:
  struct Hold {
    uint32_t actor;
    model::Mode mode;
  };

  using Point = std::pair<uint32_t, size_t>;  // who, and how many steps of his

  void NoteAccess(const analysis::WitnessStep& step) {
    if (!analysis::IsAccess(step.kind)) return;
    auto& [writes, reads] = accesses_[step.object];
    before_[&step] = writes;
    const Point here = {step.actor, steps_of_[step.actor].size()};
    if (!analysis::MakesVersion(step.kind)) {
      reads.push_back(here);
      return;
    }
    before_[&step].insert(before_[&step].end(), reads.begin(), reads.end());
    reads.clear();
    writes = {here};
  }

  void Run(uint32_t actor, size_t until) {
    if (until == 0) return;
    if (const auto start = start_of_.find(actor); start != start_of_.end()) {
      Run(start->second.first, start->second.second);
    }
    while (done_[actor] < until) {
      const analysis::WitnessStep& step = *steps_of_[actor][done_[actor]];
      if (step.kind == analysis::EventKind::kJoin) {
        Run(step.object, steps_of_[step.object].size());
      }
      for (const auto& [who, steps] : before_[&step]) Run(who, steps);
      Do(step);
      ++done_[actor];
    }
  }

  void Do(const analysis::WitnessStep& step) {
    auto& holds = holds_[step.object];
    if (step.kind == analysis::EventKind::kAcquire) {
      for (const Hold& hold : holds) {
        held_up_ |= hold.mode == model::Mode::kExclusive ||
                    step.mode == model::Mode::kExclusive;
      }
      holds.push_back({step.actor, step.mode});
    } else if (step.kind == analysis::EventKind::kRelease) {
      holds.erase(std::find_if(
          holds.begin(), holds.end(),
          [&](const Hold& hold) { return hold.actor == step.actor; }));
    }
  }

  const analysis::Witness& witness_;
  std::map<uint32_t, std::vector<const analysis::WitnessStep*>> steps_of_;
  std::map<uint32_t, Point> start_of_;
  // By variable: its last write, and the reads since.
  std::map<uint32_t, std::pair<std::vector<Point>, std::vector<Point>>>
      accesses_;
  std::map<const analysis::WitnessStep*, std::vector<Point>> before_;
  std::map<uint32_t, size_t> done_;
  std::map<uint32_t, std::vector<Hold>> holds_;
  bool held_up_ = false;
};

inline bool CanBeFollowed(const analysis::Finding& finding) {
  return Follower(finding.witness).Follow(finding.parts);
}

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_FOLLOWED_H_
