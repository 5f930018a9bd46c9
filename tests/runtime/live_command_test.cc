// How mode=live starts the command, whatever sanitizer the program has.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/count.h"
#include "tests/runtime/child.h"

namespace lockcheck::testing {
namespace {

constexpr int kDescriptor = 200;

// ThreadSanitizer takes clone() for a fork, and threads that begin later end
// the program.
TEST(LiveCommandTest, ThreadsBeginAfterItAndItRunsAgain) {
  const Folder folder;
  const std::string word = folder / "word", command = folder / "command";
  ASSERT_EQ(mkfifo(word.c_str(), 0600), 0);
  std::ofstream(command) << "#!/bin/sh\n"
                         << "echo ran >&2\n"
                         << "echo word > " << word << "\n"
                         << "exit 177\n";
  ASSERT_EQ(chmod(command.c_str(), 0700), 0);
  const Finished f =
      Child("live_program",
            {"abba-a-word-and-others", std::to_string(kDescriptor)})
          .Options("mode=live:command=" + command)
          .Before([&] { dup2(open(word.c_str(), O_RDWR), kDescriptor); })
          .Run();
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(Count(f.err, "ran\n"), 2) << f;
  EXPECT_EQ(Count(f.err, "came about now"), 2) << f;
}

}  // namespace
}  // namespace lockcheck::testing
