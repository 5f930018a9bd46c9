// Which variable is at an address, of this very program.
#include <gtest/gtest.h>
#include <link.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "lib/symbolize/elf_file.h"
#include "lib/symbolize/symbolize.h"

namespace bank {
// All are changed by Touch(), or the compiler would not keep them.
static int cash = 1;
int vaults[4] = {1, 2, 3, 4};
struct {
  int first = 1, second = 2;
} pair;
template <typename T>
T variable_template = 1;
namespace {
int hidden = 1;
}
// The linker numbers what it makes local.
int numbered __asm__("_ZN4bank8numberedE.lto_priv.0") = 1;

[[gnu::noinline]] int Touch(int by) {
  static int calls = 0;
  variable_template<long> += by;
  return calls += cash += hidden += numbered += pair.second += vaults[2] += by;
}
}  // namespace bank

namespace lockcheck::symbolize {
namespace {

uintptr_t Bias() {
  uintptr_t bias = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uintptr_t*>(out) = info->dlpi_addr;
        return 1;  // the program comes first
      },
      &bias);
  return bias;
}

class Variables : public ::testing::Test {
 protected:
  Variables() : symbolizer_({This(), Gone()}, {}) { bank::Touch(1); }

  static log::Module This() {
    const std::string path = std::filesystem::read_symlink("/proc/self/exe");
    return {path, (*ElfFile::Open(path))->build_id(), Bias(), 0};
  }
  static log::Module Gone() { return {"/gone/program", "00ff", 0, 0}; }
  std::string At(const void* address, uint32_t module = 0) {
    return symbolizer_.FindVariable(
        {module, reinterpret_cast<uintptr_t>(address) - Bias()});
  }

  Symbolizer symbolizer_;
};

TEST_F(Variables, AreNamedAsTheSourceNamesThem) {
  EXPECT_EQ(At(&bank::cash), "bank::cash");
  EXPECT_EQ(At(&bank::hidden), "bank::(anonymous namespace)::hidden");
  EXPECT_EQ(At(&bank::variable_template<long>),
            "bank::variable_template<long>");
}

TEST_F(Variables, HaveElementsAndMembers) {
  EXPECT_EQ(At(&bank::vaults[0]), "bank::vaults");
  EXPECT_EQ(At(&bank::vaults[3]), "bank::vaults");
  EXPECT_NE(At(&bank::vaults[4]), "bank::vaults");
  EXPECT_EQ(At(&bank::pair.second), "bank::pair");
}

TEST_F(Variables, HaveNoNumberOfTheLinkers) {
  EXPECT_EQ(At(&bank::numbered), "bank::numbered");
}

TEST_F(Variables, AreNotOnTheHeapNorTheStackNorCode) {
  const auto on_heap = std::make_unique<int>(1);
  int on_stack = 1;
  EXPECT_EQ(At(on_heap.get()), "");
  EXPECT_EQ(At(&on_stack), "");
  EXPECT_EQ(At(reinterpret_cast<const void*>(&bank::Touch)), "");
}

TEST_F(Variables, OfAModuleWithoutSymbolsAreNotKnown) {
  EXPECT_EQ(At(&bank::cash, 1), "");
  EXPECT_EQ(At(&bank::cash, 2), "");
  EXPECT_EQ(At(&bank::cash, log::kNone), "");
}

// The table of functions and that of variables are two.
TEST_F(Variables, AreNoFunctions) {
  const auto frame = [](auto* address) {
    return log::Frame{0, reinterpret_cast<uintptr_t>(address) - Bias()};
  };
  EXPECT_TRUE(symbolizer_.Find(frame(&bank::cash), false).frames.empty());
  EXPECT_EQ(symbolizer_.Find(frame(&bank::Touch), false).frames[0].function,
            "bank::Touch");
}

}  // namespace
}  // namespace lockcheck::symbolize
