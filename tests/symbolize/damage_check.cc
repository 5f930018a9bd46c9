// Damaged programs give poorer answers, never a crash and never a hang. Each
// batch of copies is read in a child process with a time limit.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "lib/symbolize/symbolize.h"
#include "tests/symbolize/walked_program.h"

namespace lockcheck::symbolize {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kSecondsPerChild = 60;
constexpr int kCopies = 40;

class Damage : public ::testing::TestWithParam<std::string> {
 protected:
  using Bytes = std::vector<char>;
  using Change = std::function<void(Bytes&, std::mt19937_64&)>;

  Damage() {
    std::string name = (fs::temp_directory_path() / "damageXXXXXX").string();
    folder_ = mkdtemp(name.data());
    std::ifstream in(ProgramPath(GetParam()), std::ios::binary);
    whole_.assign(std::istreambuf_iterator<char>(in), {});
    seed_ = std::random_device()();
    RecordProperty("seed", std::to_string(seed_));
  }
  ~Damage() override { fs::remove_all(folder_); }

  // Reads kCopies changed copies in a child and waits for it.
  void ReadCopies(const Change& change) {
    SCOPED_TRACE("seed " + std::to_string(seed_));
    const WalkedProgram walked = RunProgram(ProgramPath(GetParam()));
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      alarm(kSecondsPerChild);
      std::mt19937_64 random(seed_);
      for (int i = 0; i < kCopies; ++i) ReadOne(change, walked, random);
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
        << "status " << status;
  }

 private:
  void ReadOne(const Change& change, const WalkedProgram& walked,
               std::mt19937_64& random) {
    Bytes bytes = whole_;
    change(bytes, random);
    const std::string path = (folder_ / "copy").string();
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    Symbolizer symbolizer({log::Module{path, "", 0, 0}}, {});
    for (const WalkedChain& chain : walked.chains) {
      symbolizer.Find({0, chain.offset}, chain.is_return);
    }
    for (uint64_t offset = 0; offset < 0x6000; offset += 7) {
      symbolizer.Find({0, offset}, false);
    }
  }

  fs::path folder_;
  Bytes whole_;
  unsigned seed_ = 0;
};

TEST_P(Damage, ByCuttingTheFileIsSurvived) {
  ReadCopies(
      [](auto& bytes, auto& random) { bytes.resize(random() % bytes.size()); });
}

TEST_P(Damage, ByAFewFlippedBytesIsSurvived) {
  ReadCopies([](auto& bytes, auto& random) {
    for (int i = 0; i < 20; ++i) {
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    }
  });
}

TEST_P(Damage, ByManyRandomBytesIsSurvived) {
  ReadCopies([](auto& bytes, auto& random) {
    for (size_t i = 0; i < bytes.size() / 50; ++i) {
      bytes[64 + random() % (bytes.size() - 64)] = static_cast<char>(random());
    }
  });
}

TEST_P(Damage, ByAZeroedPartIsSurvived) {
  ReadCopies([](auto& bytes, auto& random) {
    const size_t from = random() % bytes.size();
    const size_t count = random() % (bytes.size() - from);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), count, '\0');
  });
}

INSTANTIATE_TEST_SUITE_P(Programs, Damage,
                         ::testing::Values("gxx_o0_dwarf5", "gxx_o2_dwarf4",
                                           "gxx_o2_dwarf5", "compressed",
                                           "without_debug"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lockcheck::symbolize
