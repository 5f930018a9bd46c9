// A log as a trace in the field's text format (std_format.h).
//
// Problem: the format knows exclusive locks, threads and notifications, and
// nothing else; and other tools read it, which take a location for a number and
// a name for what has no blank in it. What cannot be said is left out and
// counted. Unnamed locks are called after their place, and names that two
// objects or threads have get the number that the log gives them.
//
// A location is the site's number in the log, which `lockcheck dump` explains;
// of a log that was made of a trace, what that trace had.
//
// Memory: the text, and what std_order.h says. Not thread-safe.
#ifndef LOCKCHECK_LIB_LOG_STD_EXPORT_H_
#define LOCKCHECK_LIB_LOG_STD_EXPORT_H_

#include <string>
#include <vector>

#include "lib/log/recording.h"

namespace lockcheck::log {

struct StdExport {
  std::string text;
  std::vector<std::string> notes;  // what is left out, a line each
  // Empty, or one line: the log contradicts itself, and the text ends early.
  std::string contradiction;
};

StdExport ExportStd(const Recording& recording);

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_STD_EXPORT_H_
