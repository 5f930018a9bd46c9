// Which posts a take needs in every reordering, since all others together are
// too few.
//
// Problem: several actors post units, and who takes as many as there are has to
// wait for all of them; who takes one has it from any.
//
// When an actor has taken n units, as many have been there: those at first, and
// those that were posted. So a post is needed if the rest is less than n: all
// that were ever posted but it, what its actor posts after it, and what comes
// after the take, by the taker and by whom it starts after it.
//
// Sound of what is in the trace as a whole. Cost: that of sorting the posts; of
// a take O(posters). Pure.
#ifndef LOCKCHECK_LIB_ANALYSIS_SUPPLY_H_
#define LOCKCHECK_LIB_ANALYSIS_SUPPLY_H_

#include <cstdint>
#include <vector>

#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

class Supply {
 public:
  // `posts`: of one object, all of them.
  Supply(const Trace& trace, uint32_t initial, std::vector<EventRef> posts);

  // Adds the last one of each other actor that is needed. `taken`: how many
  // units its actor has with this take.
  void AddNeeds(EventRef take, uint64_t taken,
                std::vector<EventRef>& needs) const;
  size_t posters() const { return posters_.size(); }

 private:
  struct Poster {
    ActorIndex actor = kNone;
    std::vector<uint32_t> at;            // its posts
    std::vector<uint64_t> units_behind;  // by post: it and those behind it
  };

  uint64_t UnitsBehind(const Poster& poster, uint32_t index) const;
  bool IsStartedAfter(ActorIndex actor, EventRef take) const;

  const Trace& trace_;
  uint64_t most_ = 0;  // initially and by all posts
  uint64_t most_of_one_ = 0;
  std::vector<Poster> posters_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_SUPPLY_H_
