// What the analysis finds in a log that a test has built.
#ifndef LOCKCHECK_TESTS_ANALYSIS_FOUND_IN_LOG_H_
#define LOCKCHECK_TESTS_ANALYSIS_FOUND_IN_LOG_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/statistics.h"
#include "lib/log/recording.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {

// As if the process, the first one, were in that state.
inline std::vector<Finding> FoundIn(
    log::testing::LogBuilder& builder,
    log::Liveness liveness = log::Liveness::kGone) {
  const std::string path = ::testing::TempDir() + "/found_in_log." +
                           std::to_string(getpid()) + ".log";
  builder.Write(path);
  auto opened = log::Recording::Open(path);
  std::remove(path.c_str());
  if (!opened.ok()) {
    ADD_FAILURE() << opened.status();
    return {};
  }
  log::Recording& recording = **opened;
  recording.processes[0].liveness = liveness;
  return Find(Scan(recording, {}).observations, {}).findings;
}

}  // namespace lockcheck::analysis::testing

#endif  // LOCKCHECK_TESTS_ANALYSIS_FOUND_IN_LOG_H_
