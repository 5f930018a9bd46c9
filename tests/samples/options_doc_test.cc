// docs/options.md and README.md list the keys that the runtime knows, with the
// values that it takes, and no others.
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "instrument/runtime/options.h"

namespace lockcheck::samples::testing {
namespace {

using KeyAndValues = std::pair<std::string, std::string>;
using ::testing::ElementsAreArray;

std::vector<KeyAndValues> KnownToTheRuntime() {
  std::vector<KeyAndValues> rows;
  for (const runtime::OptionRow& row : runtime::kOptionRows) {
    rows.emplace_back(row.key, row.values);
  }
  return rows;
}

// Rows "| `key` | values | ...", in which a bar between values is written "\|".
std::vector<KeyAndValues> TableOf(const std::string& path) {
  std::ifstream file(std::string(LOCKCHECK_SOURCE) + "/" + path);
  static const std::regex kRow(R"(^\| `([a-z_]+)` \| ((?:[^|\\]|\\\|)+) \|.*)");
  static const std::regex kBar(R"(\\\|)");
  std::vector<KeyAndValues> rows;
  for (std::string line; std::getline(file, line);) {
    std::smatch parts;
    if (std::regex_match(line, parts, kRow)) {
      rows.emplace_back(parts[1],
                        std::regex_replace(parts[2].str(), kBar, "|"));
    }
  }
  return rows;
}

TEST(OptionsInTheDocuments, AreThoseOfTheRuntime) {
  EXPECT_THAT(TableOf("docs/options.md"),
              ElementsAreArray(KnownToTheRuntime()));
}

TEST(OptionsInTheReadme, AreThoseOfTheRuntime) {
  EXPECT_THAT(TableOf("README.md"), ElementsAreArray(KnownToTheRuntime()));
}

TEST(OptionsInTheDocuments, EachHaveASectionThatExplainsThem) {
  std::ifstream file(std::string(LOCKCHECK_SOURCE) + "/docs/options.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const runtime::OptionRow& row : runtime::kOptionRows) {
    if (std::string(row.key) == "help") continue;
    EXPECT_THAT(text.str(),
                ::testing::HasSubstr(std::string("\n## ") + row.key + "\n"));
  }
}

}  // namespace
}  // namespace lockcheck::samples::testing
