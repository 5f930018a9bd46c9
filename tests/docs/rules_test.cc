// docs/rules.md names the tests of each rule, and those tests are there.
#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/documented_tests.h"
#include "tests/runtime/child.h"

namespace lockcheck::testing {
namespace {

// "Modes/DeadlockTest/0" -> "DeadlockTest"
std::string WithoutParameters(const std::string& suite) {
  std::istringstream parts(suite);
  std::string name;
  for (std::string part; std::getline(parts, part, '/');) {
    if (!std::isdigit(static_cast<unsigned char>(part[0]))) name = part;
  }
  return name;
}

// "Suite.Name" of all tests of all programs that test the types.
std::set<std::string> TestsThatExist() {
  std::set<std::string> tests;
  std::istringstream programs(LOCKCHECK_TEST_PROGRAMS);
  for (std::string program; std::getline(programs, program, ',');) {
    const Finished listed =
        Child(program, {"--gtest_list_tests"}).Options("mode=off").Run();
    EXPECT_TRUE(listed.Succeeded()) << program << ": " << listed;
    std::istringstream lines(listed.out);
    std::string suite;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("  ")) {
        tests.insert(suite + "." +
                     line.substr(2, line.find_first_of(" /", 2) - 2));
      } else {
        suite = WithoutParameters(line.substr(0, line.find('.')));
      }
    }
  }
  return tests;
}

TEST(RulesInTheDocument, EachNameTestsAndThoseAreThere) {
  const std::set<std::string> tests = TestsThatExist();
  EXPECT_GT(tests.size(), 200u);
  const std::vector<DocumentedRow> rows =
      DocumentedRows(LOCKCHECK_DOCS "/rules.md");
  EXPECT_GT(rows.size(), 80u);
  for (const DocumentedRow& row : rows) {
    EXPECT_TRUE(!row.tests.empty() ||
                row.text.find("not tested: ") != std::string::npos)
        << "names no test: " << row.text;
    for (const std::string& test : row.tests) {
      EXPECT_EQ(tests.count(test), 1u) << "there is no test " << test;
    }
  }
}

}  // namespace
}  // namespace lockcheck::testing
