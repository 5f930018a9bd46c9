// A baseline: the findings that were there when somebody began to look, so that
// from then on only new ones fail.
//
// A file has one finding's id a line, `id  # comment`, sorted, so that what was
// added or mended since is a difference of those lines. The comment is for
// people: it says which lock classes, and nothing that differs from run to run.
// An empty file knows nothing. With a deadlock that happened stands the id that
// its lock order has in a run in which it only could.
#ifndef LOCKCHECK_LIB_REPORT_BASELINE_H_
#define LOCKCHECK_LIB_REPORT_BASELINE_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/report/report.h"

namespace lockcheck::report {

class Baseline {
 public:
  // `name` stands in error messages: "name:3: ...".
  static absl::StatusOr<Baseline> Parse(std::string_view text,
                                        const std::string& name);
  // The file at `path`; empty: none. Errors are one line that names the file.
  static absl::StatusOr<Baseline> Read(const std::string& path);

  // Marks the findings of `report` whose ids were read.
  void Apply(Report& report);
  // Takes the finding in, for Text(), with a comment, else the one that says
  // what it is. A comment that is there stays.
  void Add(const FindingRow& row, const std::string& comment = "");
  // The file: all ids that were read or added.
  std::string Text() const;

  // One line that names the ids that were read and were in no report so far;
  // empty if there are none.
  std::string Unused() const;

 private:
  struct Entry {
    std::string comment;
    bool read = false;  // and not just added
    bool used = false;
  };
  std::string name_;
  std::map<std::string, Entry, std::less<>> entries_;  // by id
};

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_BASELINE_H_
