// From a trace in the field's text format (std_format.h) to a log that is
// analyzed like any other.
//
// Problem: a trace is one order of everything and knows names only; the log has
// a stream for each actor, hand-over counts and tickets in place of an order,
// and ids. Traces are large, come from many tools and may be any bytes.
//
// What a line means is decided when it comes. What contradicts the lines before
// it (two threads in one lock, an act behind the thread's own join) is an error
// that names the line. What a window cut out of a longer trace may have (a
// release without its acquisition) is left out and counted in notes(). A wait
// and a request are written when their thread goes on, or at the end.
//
// Times in the log count events: the trace has none.
//
// Memory grows with the names in the trace, and with what each thread has not
// yet written, a few kilobytes at most; not with its length. Not thread-safe.
#ifndef LOCKCHECK_LIB_LOG_STD_IMPORT_H_
#define LOCKCHECK_LIB_LOG_STD_IMPORT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lib/log/block_file.h"

namespace lockcheck::log {

class StdImport {
 public:
  // `name` stands for the trace in messages and in the log.
  StdImport(std::string name, BlockFile::Write write);
  ~StdImport();

  // The trace's next bytes, cut anywhere. After an error nothing more may be
  // added. Errors: InvalidArgument, one line with the file, the line and the
  // mend; and those of `write`.
  absl::Status Add(std::string_view bytes);
  // Its end: now the log is whole.
  absl::Status Finish();

  // What was left out or read in a way of its own, a line each.
  std::vector<std::string> notes() const;

 private:
  class Lines;
  std::unique_ptr<Lines> lines_;
};

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_STD_IMPORT_H_
