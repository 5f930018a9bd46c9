// Any bytes as a trace in the STD format: they are refused in one line, or give
// a log without a gap, whose export is a trace again and whose report can be
// written.
//
//   std_fuzz --write-seeds=DIR     writes traces that use every operation
//   std_fuzz DIR -max_len=4096     fuzzes
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/fuzz/write_seeds.h"
#include "tests/log/imported.h"
#include "tests/report/all_forms.h"

namespace lockcheck::log {
namespace {

constexpr std::string_view kSeeds[] = {
    "0|fork(1)|1\n0|fork(2)|2\n1|acq(a)|3\n1|acq(b)|4\n1|rel(b)|5\n"
    "1|rel(a)|6\n2|req(b)|7\n2|acq(b)|7\n2|acq(a)|8\n2|rel(a)|9\n2|rel(b)|10\n"
    "0|join(1)|11\n0|join(2)|12\n",
    "1|acq(m)|1\r\n1|rel(m)|2\r\n1|wait(m)|2\r\n2|acq(m)|3\r\n2|notify(m)|4\r\n"
    "2|notifyAll(m)|4\r\n2|rel(m)|5\r\n1|req(m)|2\r\n1|acq(m)|2\r\n",
    "# window\n1|begin|0\n1|r(x)|1\n1|w(x)|2\n1|branch|3\n1|rel(a)\n1|acq(a)\n"
    "1|acq(a)\n1|rel(a)\n1|end(t)|4\n2|req(a)|f.cc:1\n",
};

void WriteSeeds(const std::string& folder) {
  int number = 0;
  for (const std::string_view seed : kSeeds) {
    std::ofstream(folder + "/std" + std::to_string(number++)) << seed;
  }
}

}  // namespace
}  // namespace lockcheck::log

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  lockcheck::testing::WriteSeedsIfAsked(*argc, *argv,
                                        &lockcheck::log::WriteSeeds);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lockcheck::log;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const testing::Imported imported = testing::Import(bytes, 1 + size / 3);
  if (!imported.status.ok()) {
    if (imported.status.message().find('\n') != std::string::npos) std::abort();
    return 0;
  }
  const auto recording = imported.Read();
  if (recording == nullptr || !recording->whole) std::abort();
  const StdExport exported = ExportStd(*recording);
  if (!exported.contradiction.empty()) std::abort();
  if (!exported.text.empty() && !testing::Import(exported.text).status.ok()) {
    std::abort();
  }
  lockcheck::report::testing::AllFormsOf(*recording);
  return 0;
}
