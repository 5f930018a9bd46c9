#include "tools/check/gtest_private.h"

namespace lockcheck::testing {
namespace {

using ::testing::TestInfo;
using ::testing::TestPartResult;
using ::testing::TestResult;

void SetShouldRunOf(TestInfo& test, bool should_run);
template <bool TestInfo::*kMember>
struct ShouldRun {
  friend void SetShouldRunOf(TestInfo& test, bool should_run) {
    test.*kMember = should_run;
  }
};
template struct ShouldRun<&TestInfo::should_run_>;

void AddPartTo(TestResult& result, const TestPartResult& part);
template <void (TestResult::*kMember)(const TestPartResult&)>
struct AddsPart {
  friend void AddPartTo(TestResult& result, const TestPartResult& part) {
    (result.*kMember)(part);
  }
};
template struct AddsPart<&TestResult::AddTestPartResult>;

}  // namespace

void SetShouldRun(TestInfo& test, bool should_run) {
  SetShouldRunOf(test, should_run);
}

void AddPart(TestResult& result, const TestPartResult& part) {
  AddPartTo(result, part);
}

}  // namespace lockcheck::testing
