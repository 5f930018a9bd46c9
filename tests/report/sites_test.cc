// The user's part of a stack: whose frames are shown.
#include "lib/report/sites.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lockcheck::report::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Stack {
 public:
  // One frame with what is inlined into it, innermost first.
  Stack& Frame(const std::vector<std::string>& functions) {
    symbolize::SymbolizedFrame& frame = stack_.emplace_back();
    frame.module = "program";
    for (const std::string& function : functions) {
      frame.frames.emplace_back().function = function;
    }
    return *this;
  }
  Stack& Unknown(const std::string& module) {
    stack_.emplace_back().module = module;
    return *this;
  }
  std::vector<std::string> Functions() const {
    std::vector<std::string> functions;
    for (const SourceLine& line : UserStack(stack_)) {
      functions.push_back(line.function.empty() ? line.module : line.function);
    }
    return functions;
  }

 private:
  std::vector<symbolize::SymbolizedFrame> stack_;
};

TEST(UserStack, BeginsOutsideTheWrappersAndEndsWithMain) {
  const Stack stack = Stack()
                          .Frame({"lockcheck::mutex::lock",
                                  "std::lock_guard<A>::lock_guard", "Save"})
                          .Frame({"main"})
                          .Frame({"__libc_start_call_main"});
  EXPECT_THAT(stack.Functions(), ElementsAre("Save", "main"));
}

TEST(UserStack, EndsWithTheThreadsFunction) {
  const Stack stack = Stack()
                          .Frame({"Save"})
                          .Frame({"std::__invoke_impl<void, void (*)()>"})
                          .Frame({"std::thread::_Invoker<A>::operator()"})
                          .Unknown("libstdc++.so.6");
  EXPECT_THAT(stack.Functions(), ElementsAre("Save"));
}

TEST(UserStack, HasNothingOfWhatCallsTheUsersFunctionForTheUser) {
  const Stack stack =
      Stack()
          .Frame({"lockcheck::mutex::lock", "Load"})
          .Frame({"std::__invoke_impl<void, void (&)()>",
                  "std::__invoke<void (&)()>", "std::invoke<void (&)()>",
                  "lockcheck::call_once<void (&)()>", "Settings"})
          .Frame({"Print", "std::__invoke<void (*)()>"})
          .Frame({"main"});
  EXPECT_THAT(stack.Functions(),
              ElementsAre("Load", "Settings", "Print", "main"));
}

TEST(UserStack, HasTheLibrarysFunctionsThatCallTheUsersOwn) {
  const Stack stack = Stack().Frame({"Less"}).Frame({"std::sort<A>", "main"});
  EXPECT_THAT(stack.Functions(), ElementsAre("Less", "std::sort<A>", "main"));
}

TEST(UserStack, IsEmptyWhereAPoolsWorkerWaits) {
  const Stack stack = Stack()
                          .Frame({"lockcheck::internal::Pool::Work"})
                          .Unknown("libstdc++.so.6")
                          .Unknown("libc.so.6");
  EXPECT_THAT(stack.Functions(), IsEmpty());
}

TEST(UserStack, IsEmptyIfThereIsNone) {
  EXPECT_THAT(Stack().Functions(), IsEmpty());
}

}  // namespace
}  // namespace lockcheck::report::testing
