// What only private members of GoogleTest's can do.
//
// A program that ends in the middle of its tests knows what GoogleTest does not
// provide for: which tests had not begun, though its XML and JSON would say of
// them that they are completed; and that something failed in no test. The
// instantiation of a template may name a private member.
#ifndef LOCKCHECK_TOOLS_CHECK_GTEST_PRIVATE_H_
#define LOCKCHECK_TOOLS_CHECK_GTEST_PRIVATE_H_

#include <gtest/gtest.h>

namespace lockcheck::testing {

// "notrun" in the XML, if false.
void SetShouldRun(::testing::TestInfo& test, bool should_run);
// For a result that is not the running test's; tells no listener.
void AddPart(::testing::TestResult& result,
             const ::testing::TestPartResult& part);

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TOOLS_CHECK_GTEST_PRIVATE_H_
