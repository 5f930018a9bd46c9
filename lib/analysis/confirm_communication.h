// Whether a standstill through signals can be called confirmed: the part of the
// trace that leads to it is put in one order, and replayed.
//
// Algorithm: the order that was seen (schedule.h), or else whoever can go on
// next (can_be_run.h). Nothing is confirmed that is not replayed
// (witness_check.h), and nothing where the log leaves open what matters: who
// else posts, if it is cut; whether a condition's predicate is false.
//
// Cost: of each standstill linear in its part, and in the actors; in all there
// is a bound, after which the verdict stays as it was. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_CONFIRM_COMMUNICATION_H_
#define LOCKCHECK_LIB_ANALYSIS_CONFIRM_COMMUNICATION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/analysis/approach.h"
#include "lib/analysis/communication.h"
#include "lib/analysis/findings.h"
#include "lib/analysis/standstill.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"
#include "lib/analysis/witness_check.h"

namespace lockcheck::analysis {

class CommunicationConfirmer {
 public:
  CommunicationConfirmer(const Trace& trace, const TraceOrder& order,
                         const CommunicationOptions& options);

  // `finding`: what is said of that standstill. Its verdict, and what it lacks
  // if that is not confirmed.
  void Confirm(const StandstillQuestion& question, const Standstill& standstill,
               Finding& finding);

 private:
  using Schedule = std::vector<ActorIndex>;

  Doubt Ask(const StandstillQuestion& question, const Standstill& standstill,
            Finding& finding);
  bool Keep(const std::optional<Schedule>& schedule,
            const StandstillQuestion& question, Finding& finding);
  bool IsOfPredicate(const StandstillQuestion& question) const;

  const Trace& trace_;
  const TraceOrder& order_;
  const CommunicationOptions& options_;
  WitnessCheck check_;
  uint64_t replayed_ = 0;
  size_t steps_left_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_CONFIRM_COMMUNICATION_H_
