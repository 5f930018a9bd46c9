// What holds of a whole trace and the replay of a schedule asks
// (witness_check.h), counted when it is first asked.
//
// Cost: once, linear in the events. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_WITNESS_FACTS_H_
#define LOCKCHECK_LIB_ANALYSIS_WITNESS_FACTS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

class WitnessFacts {
 public:
  explicit WitnessFacts(const Trace& trace) : trace_(trace) {}

  // Of a barrier or a latch: the phase of an arrival or a wait. A latch has
  // one.
  uint32_t PhaseOf(const Event& e) const;
  // Who arrives in it, once for each time; who runs its completion function
  // once more.
  const std::vector<EventRef>& Arrivals(ObjectIndex object, uint32_t phase);
  // Not enough can come if it is not known how many there are.
  uint64_t ArrivalsIn(ObjectIndex object, uint32_t phase);
  // The ends of a queue of these items.
  const std::vector<ObjectIndex>& EndsOf(ObjectIndex items);
  // Of a queue's end: nobody was seen to end more items than he had got.
  bool EachEndsWhatItGot(ObjectIndex end);
  // How many sections of its lock came before the acquisition: by others and by
  // itself, with smaller counts; its own with the same one have been before it
  // or have not.
  uint64_t SectionsBefore(EventRef acquisition);
  // Of each actor that does what ends a wait for the object, the last time.
  const std::vector<EventRef>& LastPosts(ObjectIndex object);

 private:
  void Count();
  void CountPost(EventRef ref, const Event& e);

  const Trace& trace_;
  bool counted_ = false;
  absl::flat_hash_map<ObjectIndex, std::vector<uint32_t>> orders_;
  absl::flat_hash_map<std::pair<ObjectIndex, uint32_t>, std::vector<EventRef>>
      arrivals_;
  absl::flat_hash_map<ObjectIndex, std::vector<ObjectIndex>> ends_of_;
  absl::flat_hash_map<ObjectIndex, std::vector<EventRef>> last_posts_;
  // By a queue's end: somebody ended more than he had got.
  absl::flat_hash_map<ObjectIndex, bool> ends_others_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_WITNESS_FACTS_H_
