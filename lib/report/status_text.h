// Who holds what and who waits for whom at the end of a log (or now, if it is
// still being written), as a tree: process, then its actors.
#ifndef LOCKCHECK_LIB_REPORT_STATUS_TEXT_H_
#define LOCKCHECK_LIB_REPORT_STATUS_TEXT_H_

#include <cstddef>
#include <string>

#include "lib/report/report.h"

namespace lockcheck::report {

struct StatusOptions {
  bool colour = false;
  bool all = false;  // actors that hold nothing and wait for nothing too
  size_t width = 0;  // columns that there are; 0: any number
};

std::string StatusText(const Report& report, const StatusOptions& options);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_STATUS_TEXT_H_
