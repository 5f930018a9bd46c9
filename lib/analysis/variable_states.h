// Which version each variable has while events of a trace are put into an order
// that need not be the one that was seen (free_schedule.h), and which reads and
// writes can come next.
//
// A read comes while its variable has the version that it was seen to find.
// That is over for good when another write comes, for each write makes a
// version of its own: so nobody writes while somebody is to find what is there.
//
// A thread that reads the same again and again leaves one record
// (docs/log-format.md, ACCESS): what it read after another variable may have
// been read again behind that. So from a read to the last one of those that
// follow it without another event between them the version must stay.
//
// Cost: constant for each step, but for the beginning. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_VARIABLE_STATES_H_
#define LOCKCHECK_LIB_ANALYSIS_VARIABLE_STATES_H_

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

class VariableStates {
 public:
  // By actor: how many events it has to do, and how many it may.
  void Begin(const Trace& trace, std::span<const uint32_t> needed,
             std::span<const uint32_t> limit);

  bool Can(EventRef ref, const Event& access) const;
  // Somebody else is to write the same variable, too.
  bool IsChoice(ActorIndex actor, const Event& event) const;
  void Do(EventRef ref, const Event& access);
  void Undo(EventRef ref, const Event& access);
  // Of a variable with accesses.
  uint32_t Version(ObjectIndex variable) const;

 private:
  using Key = std::pair<uint32_t, uint32_t>;
  struct Variable {
    std::vector<uint32_t> versions;  // the first one, and each that was made
    uint32_t writes_left = 0;
    absl::flat_hash_map<uint32_t, uint32_t> to_find;  // by version: reads left
    absl::flat_hash_map<ActorIndex, uint32_t> writes_left_of;
    uint32_t kept = 0;  // by how many who are between two reads
  };

  void Keep(const Trace& trace, ActorIndex actor, uint32_t limit);
  Variable& Of(ObjectIndex variable) { return variables_.at(variable); }
  const Variable& Of(ObjectIndex variable) const {
    return variables_.at(variable);
  }
  // The reads at whose end what was read before may change again.
  void ChangeKept(EventRef ref, ObjectIndex variable, uint32_t by);

  absl::flat_hash_map<ObjectIndex, Variable> variables_;
  std::vector<uint32_t> needed_;                    // by actor
  absl::flat_hash_map<Key, uint32_t> keeps_until_;  // by event: another one
  absl::flat_hash_map<Key, std::vector<ObjectIndex>> lets_change_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_VARIABLE_STATES_H_
