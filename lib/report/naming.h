// What actors, locks and lock classes are called.
//
// Problem: a log knows ids; people know `Cache::mu`, "the mutex made at
// bank.cc:12" and "worker 3". A lock class is the declared name, else the
// creation place; a place in a std header (a vector of mutexes) says nothing,
// so then it is the function of the first use.
//
// A class has two names: the one to read ("mutex@bank.cc:12"), and the stable
// one that holds no line number ("mutex@bank.cc:Bank::Bank"), for ids and
// suppressions. Where no function tells the locks of a file apart, at namespace
// scope, it is the variable that does ("cash@bank.cc"). Not thread-safe.
#ifndef LOCKCHECK_LIB_REPORT_NAMING_H_
#define LOCKCHECK_LIB_REPORT_NAMING_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/observations.h"
#include "lib/report/report.h"
#include "lib/report/sites.h"

namespace lockcheck::report {

class Naming {
 public:
  // Fills report.processes, report.actors (names only) and report.classes
  // (names only) from the recording.
  Naming(const analysis::Observations& observations, SiteTable& sites,
         const FindVariable& find_variable, Report& report);

  std::optional<uint32_t> Actor(analysis::ActorIndex actor) const;
  // Class of a lock; empty for END(actor) and for indices out of range.
  std::optional<uint32_t> Class(analysis::ObjectIndex object) const;
  // Which lock of its class it is, from 1. Copies that a fork made are the same
  // one, and so are the first ones that several processes made.
  uint32_t Ordinal(analysis::ObjectIndex object) const {
    return ordinal_of_object_[object];
  }
  // Adds the object to report.objects at its first mention.
  uint32_t Object(analysis::ObjectIndex object);

 private:
  void NameProcesses();
  void NameActors();
  void NameClasses(SiteTable& sites);
  void NameByVariables(const FindVariable& find_variable);
  void NumberInstances();

  const analysis::Observations& observations_;
  const log::Recording& recording_;
  Report& report_;
  std::vector<uint32_t> class_of_object_;
  std::vector<uint32_t> ordinal_of_object_;  // within its class, from 1
  absl::flat_hash_map<analysis::ObjectIndex, uint32_t> object_rows_;
};

// "fork", "fork (x5)" if there are several, "fork (in 3 processes)".
std::string ClassLabel(const ClassRow& row);
// "A1 main", "A2", as a heading; "A1 (main)", "A2", within a sentence.
std::string ActorHeading(const ActorRow& actor);
std::string ActorInSentence(const Report& report,
                            const std::optional<uint32_t>& actor);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_NAMING_H_
