// What programs say about themselves is what the symbolizer finds, whatever the
// compiler, the optimization level and the form of the debug information.
#include <fnmatch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "lib/symbolize/symbolize.h"
#include "tests/symbolize/walked_program.h"

namespace lockcheck::symbolize {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

MATCHER_P(LooksLike, pattern, "") {
  return fnmatch(std::string(pattern).c_str(), std::string(arg).c_str(), 0) ==
         0;
}

std::vector<std::string> Variants() {
  std::vector<std::string> variants;
  std::istringstream list(SYMBOLIZE_VARIANTS);
  for (std::string name; std::getline(list, name, ',');) {
    variants.push_back(name);
  }
  return variants;
}

class Lines : public ::testing::TestWithParam<std::string> {
 protected:
  Lines()
      : path_(ProgramPath(GetParam())),
        symbolizer_({RecordedModule(path_)}, {}) {}

  const SymbolizedFrame& Find(uint64_t offset, bool is_return) {
    return symbolizer_.Find({0, offset}, is_return);
  }

  std::string path_;
  Symbolizer symbolizer_;
};

TEST_P(Lines, OfEveryInlinedCallAreWhatTheProgramSays) {
  const WalkedProgram walked = RunProgram(path_);
  ASSERT_THAT(walked.chains, SizeIs(8));
  for (const WalkedChain& chain : walked.chains) {
    SCOPED_TRACE(chain.frames.back().function);
    const SymbolizedFrame& found = Find(chain.offset, chain.is_return);
    EXPECT_EQ(found.module, GetParam());
    EXPECT_EQ(found.offset, chain.offset);
    ASSERT_THAT(found.frames, SizeIs(chain.frames.size()));
    for (size_t i = 0; i < chain.frames.size(); ++i) {
      EXPECT_THAT(found.frames[i].function,
                  LooksLike(chain.frames[i].function));
      EXPECT_EQ(found.frames[i].line, chain.frames[i].line);
      EXPECT_THAT(found.frames[i].file, EndsWith("programs/walk.cc"));
      EXPECT_THAT(found.frames[i].file,
                  AllOf(StartsWith("/"), Not(HasSubstr(".."))));
      EXPECT_EQ(found.frames[i].inlined, i + 1 < chain.frames.size());
    }
  }
  EXPECT_THAT(symbolizer_.warnings(), IsEmpty());
}

TEST_P(Lines, OfAGuardedLockAreTheUsersAtEveryLevel) {
  const WalkedProgram walked = RunProgram(path_);
  ASSERT_THAT(walked.users, SizeIs(2));
  for (const WalkedUser& expected : walked.users) {
    SCOPED_TRACE(expected.user.function);
    std::vector<const SymbolizedFrame*> stack = {
        &Find(expected.offset, true), &Find(expected.return_offset, true)};
    // The probe's plain half stands for the user's: it is no wrapper by name.
    SymbolizedFrame innermost = *stack[0];
    while (!innermost.frames.empty() && !IsWrapper(innermost.frames[0])) {
      innermost.frames.erase(innermost.frames.begin());
    }
    stack[0] = &innermost;
    const SourceFrame* user = UserFrame(stack);
    ASSERT_NE(user, nullptr);
    EXPECT_EQ(user->function, expected.user.function);
    EXPECT_EQ(user->line, expected.user.line);
  }
}

TEST_P(Lines, OfOneAddressAreTheSameObjectEveryTime) {
  const WalkedProgram walked = RunProgram(path_);
  ASSERT_FALSE(walked.chains.empty());
  const uint64_t offset = walked.chains[0].offset;
  const SymbolizedFrame* first = &Find(offset, true);
  for (uint64_t other = 0; other < 1000; ++other) Find(offset + other, false);
  EXPECT_EQ(&Find(offset, true), first);
}

INSTANTIATE_TEST_SUITE_P(Programs, Lines, ::testing::ValuesIn(Variants()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lockcheck::symbolize
