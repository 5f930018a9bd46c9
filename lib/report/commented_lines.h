// Files that people keep beside their sources: one entry a line, `entry  #
// comment`. Suppressions and baselines are such files.
//
// A '#' begins a comment at the start of a line, or behind a blank: names may
// hold one. Empty lines and lines of nothing but a comment say nothing. Blanks
// at both ends, the carriage returns of other systems and a byte order mark are
// no part of anything.
#ifndef LOCKCHECK_LIB_REPORT_COMMENTED_LINES_H_
#define LOCKCHECK_LIB_REPORT_COMMENTED_LINES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace lockcheck::report {

struct CommentedLine {
  size_t number = 0;                // in the file, from 1
  std::string_view entry, comment;  // parts of the text that was given
};

CommentedLine SplitComment(std::string_view line);
// Those that say something.
std::vector<CommentedLine> CommentedLines(std::string_view text);

// The whole file. The error is one line: the path, "cannot read the " `what`,
// and the cause.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path,
                                          std::string_view what);

std::string_view StripBlanks(std::string_view text);  // at both ends

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_COMMENTED_LINES_H_
