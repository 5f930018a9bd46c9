// Runs some of the watched program's tests, as a user would.
#ifndef LOCKCHECK_TESTS_CHECK_WATCHED_TEST_H_
#define LOCKCHECK_TESTS_CHECK_WATCHED_TEST_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/runtime/child.h"

namespace lockcheck::testing {

class WatchedTest : public ::testing::Test {
 protected:
  // Runs the tests that the filter names.
  Finished Run(const std::string& filter, std::vector<std::string> more = {},
               const std::string& options = "") {
    return RunProgram(LOCKCHECK_WATCHED_PROGRAM, filter, std::move(more),
                      options);
  }
  Finished RunProgram(const std::string& program, const std::string& filter,
                      std::vector<std::string> more = {},
                      const std::string& options = "") {
    more.insert(more.begin(), "--gtest_filter=" + filter);
    Child child(program, more);
    child.Environment("TMPDIR", folder_.path());
    if (!options.empty()) child.Options(options);
    return child.Run();
  }
  bool Passes(const std::string& filter, std::vector<std::string> more = {}) {
    const Finished f = Run(filter, std::move(more));
    EXPECT_THAT(f.exit_status(), ::testing::AnyOf(0, 1)) << f;
    if (f.exit_status() == 0) {
      EXPECT_EQ(f.err, "") << f;
    }
    return f.Succeeded();
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ / name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  Folder folder_;
};

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_CHECK_WATCHED_TEST_H_
