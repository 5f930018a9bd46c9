// Output arrives whole, whatever stands behind the stream.
#include "tools/lockcheck/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace lockcheck::tools {
namespace {

// Standard output is the write end of a pipe while this lives.
class PipedStandardOutput {
 public:
  explicit PipedStandardOutput(int flags) {
    EXPECT_EQ(pipe2(ends_, O_CLOEXEC | flags), 0);
    fcntl(ends_[0], F_SETFL, 0);
    saved_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(ends_[1], STDOUT_FILENO);
    close(ends_[1]);
  }
  ~PipedStandardOutput() { close(ends_[0]); }

  void Close() {
    dup2(saved_, STDOUT_FILENO);
    close(saved_);
  }
  std::string ReadAll() {
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = read(ends_[0], buffer, sizeof(buffer))) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }

 private:
  int ends_[2] = {-1, -1};
  int saved_ = -1;
};

// A shell or a terminal program may leave its pipe in that mode.
TEST(OutputTest, APipeThatDoesNotBlockGetsEverything) {
  const std::string text(1 << 20, 'x');  // more than a pipe holds
  PipedStandardOutput out(O_NONBLOCK);
  std::string got;
  std::thread reader([&] { got = out.ReadAll(); });
  const absl::Status status = WriteToStandardOutput(text);
  out.Close();
  reader.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(got.size(), text.size());
}

// A path or a name from a log may hold anything.
TEST(OutputTest, AComplaintIsOneLineOfPrintableText) {
  ::testing::internal::CaptureStderr();
  Complain(
      "a\nb\x9b"
      "31m: cannot read");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "lockcheck: a\\x0ab\\x9b31m: cannot read\n");
}

}  // namespace
}  // namespace lockcheck::tools
