// Programs that begin to record at one time, with one path: each has a log.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "lib/log/writer.h"
#include "tests/rounds.h"

namespace lockcheck::log {
namespace {

constexpr int kPrograms = 8;

class WriterStartTest : public ::testing::Test {
 protected:
  WriterStartTest() {
    std::string folder = ::testing::TempDir() + "/start.XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) std::abort();
    folder_ = folder;
    arrived_ = static_cast<std::atomic<int>*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
             -1, 0));
  }
  ~WriterStartTest() override {
    munmap(arrived_, 4096);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // All that have been started come here, `times` times.
  void Meet(int times) {
    ++*arrived_;
    while (*arrived_ < times * kPrograms) sched_yield();
  }
  // Records as the runtime does: where another one is, beside it.
  [[noreturn]] void Record() {
    Meet(1);
    std::string path = folder_ + "/log";
    Writer writer;
    int error = writer.Create(path.c_str(), {});
    for (int n = 2; error == EBUSY && n < 100; ++n) {
      path = folder_ + "/log." + std::to_string(n);
      error = writer.Create(path.c_str(), {});
    }
    Meet(2);  // all record at one time
    _exit(error == 0 ? 0 : 1);
  }
  void RunPrograms() {
    *arrived_ = 0;
    std::vector<pid_t> children;
    for (int i = 0; i < kPrograms; ++i) {
      children.push_back(fork());
      if (children.back() == 0) Record();
    }
    for (const pid_t child : children) {
      int status = -1;
      waitpid(child, &status, 0);
      EXPECT_EQ(status, 0);
    }
  }
  // The ids of the recordings in the folder.
  std::set<std::string> Logs() const {
    std::set<std::string> ids;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      FileHeader header = {};
      const int fd = open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
      EXPECT_EQ(read(fd, static_cast<void*>(&header), sizeof(header)),
                static_cast<ssize_t>(sizeof(header)));
      close(fd);
      EXPECT_EQ(memcmp(header.magic, kMagic, sizeof(kMagic)), 0);
      ids.insert({reinterpret_cast<const char*>(header.recording_id),
                  sizeof(header.recording_id)});
    }
    return ids;
  }

  std::string folder_;
  std::atomic<int>* arrived_;
};

// From the second round on there are logs to replace.
TEST_F(WriterStartTest, ProgramsThatStartAtOneTimeHaveALogEach) {
  std::set<std::string> before;
  for (int round = 0; round < tests::Rounds(60); ++round) {
    RunPrograms();
    const std::set<std::string> logs = Logs();
    int fresh = 0;
    for (const std::string& id : logs) fresh += !before.contains(id);
    EXPECT_EQ(fresh, kPrograms) << "in round " << round;
    if (HasFailure()) break;
    before = logs;
  }
}

}  // namespace
}  // namespace lockcheck::log
