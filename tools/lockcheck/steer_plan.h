// From a finding to where threads are to be held back so that it happens.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_STEER_PLAN_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_STEER_PLAN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/model/steer.h"
#include "lib/report/report.h"

namespace lockcheck::tools {

// The finding with this id, or the only one whose id begins so. Errors: there
// is none, or more than one.
absl::StatusOr<const report::FindingRow*> FindingOf(
    const report::Report& report, const std::string& id);

// Whether the finding is one that can be steered into, a cycle of locks and
// joins of the threads of one process whose places are known; else why not.
absl::Status CanBeSteered(const report::Report& report,
                          const report::FindingRow& row);

// A file that a program has mapped while it runs, and what it has counted.
class SteerPlan {
 public:
  // `row` can be steered. Errors: the file cannot be written.
  static absl::StatusOr<SteerPlan> At(const std::string& path,
                                      const report::Report& report,
                                      const report::FindingRow& row);
  SteerPlan(SteerPlan&&) = default;

  const std::string& path() const { return path_; }
  uint32_t parties() const { return file_->parties; }

  // Of which one party is late in some runs, and where that is held back.
  struct Late {
    uint32_t party = model::kNoParty;  // nobody
    model::SteerPlace at = {};
  };
  // What may be tried, the likeliest first: nobody, each party before the
  // outermost lock that it has, and each before the lock that matters.
  const std::vector<Late>& turns() const { return turns_; }

  // Before each run.
  void Prepare(const Late& late, uint32_t patience_ms, uint32_t budget_ms);
  // After it.
  const model::SteerFile& file() const { return *file_; }

 private:
  SteerPlan() = default;
  struct Unmap {
    void operator()(model::SteerFile* file) const;
  };
  std::string path_;
  std::vector<Late> turns_;
  std::unique_ptr<model::SteerFile, Unmap> file_;
};

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_STEER_PLAN_H_
