// The parts of a finding as the parts of a sentence.
#ifndef LOCKCHECK_LIB_REPORT_SENTENCES_H_
#define LOCKCHECK_LIB_REPORT_SENTENCES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/report/report.h"

namespace lockcheck::report {

// Null: the object is not in the report.
const ObjectRow* ObjectOf(const Report& report, uint32_t object);
// "a lock" if it is not in the report.
std::string ObjectName(const Report& report, uint32_t object);
// The lock class, by its name.
std::string ClassOf(const Report& report, uint32_t object);
// Whether it is an actor's end.
bool IsEnd(const Report& report, uint32_t object);
// Whether what the finding is about is set, and cleared.
bool IsAboutFlag(const Report& report, const FindingRow& row);
// Whether it is about what has permits.
bool IsAboutPermits(const Report& report, const FindingRow& row);
// Whether processes share any of what it is about.
bool IsBetweenProcesses(const Report& report, const FindingRow& row);
// What a task has of it is one of the workers.
bool IsPool(const Report& report, uint32_t object);
// As its owner calls it; the log speaks of its slots.
std::string PoolName(const Report& report, uint32_t object);
// "fork 0", "prices (shared)".
std::string HeldName(const Report& report, const HoldRow& hold);
// What is asked for: "a worker of crew" by a task that is queued, which is at
// no place; by who joins the pool it is the pool.
std::string WantedThing(const Report& report, const WantRow& wants);

// Whether the part's actor ended before the log did.
// Whether the finding is of a process that runs now, so that nothing is at an
// end yet.
bool GoesOn(const Report& report, const FindingRow& row);
bool HasEnded(const Report& report, const PartRow& part);
// Of a finding of one actor: it waits for its own end.
// As readers that want to write: each waits for itself and the others.
bool AllAskForWhatTheyHold(const FindingRow& row);
bool WaitsForOwnEnd(const Report& report, const FindingRow& row);
// "nobody has set it", of one that is `unsignalled`.
std::string NobodyDid(const Report& report, const StandingWaitRow& wait);
// Who held the lock when this process was forked, and is in the parent only;
// null: nobody.
const ActorRow* OwnerInParent(const Report& report, const FindingRow& row);

// "A1 (main) holds a and asks for b"; `asks` is the verb for a lock.
std::string Clause(const Report& report, const PartRow& part,
                   std::string_view asks);
// All parts' clauses.
std::string Clauses(const Report& report, const FindingRow& row,
                    std::string_view asks);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_SENTENCES_H_
