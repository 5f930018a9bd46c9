// What samples/README.md shows, to be compared with what is printed.
#ifndef LOCKCHECK_TESTS_SAMPLES_README_H_
#define LOCKCHECK_TESTS_SAMPLES_README_H_

#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace lockcheck::samples::testing {

// What does not change from run to run: no numbers but actors', no folders, no
// host, and blanks and line ends alike.
inline std::string Unchanging(std::string text) {
  for (const auto& [what, instead] :
       std::vector<std::pair<const char*, const char*>>{
           {"\\s+", " "},
           {"[^ (]*/", ""},
           {"[a-z]+[.]log", "LOG"},
           {"for an unknown time",
            "for at least 1 s, to the log's last record"},
           {"\\bunknown (stuck|[A-Z])", "1 s $1"},
           {"\\b[0-9]+([.,:-][0-9]+)*( (ns|us|ms|s)\\b)?", "#"},
           {" on [^ ]+, pid", ", pid"},
           {", # cores used( by at most # at once)?", ""}}) {
    text = std::regex_replace(text, std::regex(what), instead);
  }
  return text;
}

inline std::string UpTo(const std::string& text, const std::string& end) {
  const size_t at = text.find(end);
  EXPECT_NE(at, std::string::npos) << end << " is not in:\n" << text;
  return text.substr(0, at);
}
// Empty if `begin` is not there, which is a failure.
inline std::string From(const std::string& text, const std::string& begin) {
  return text.substr(UpTo(text, begin).size());
}

// The rest of the block in which this command stands, as typed at a prompt: the
// first such block behind those words.
inline std::string Shown(const std::string& command,
                         const std::string& words = "# Samples") {
  std::ifstream file(LOCKCHECK_SOURCE "/samples/README.md");
  const std::string begin = "\n$ " + command + "\n";
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  const std::string block = From(From(all, words), begin);
  return UpTo(block.substr(block.find_first_of("\n", 1) + 1), "```");
}

}  // namespace lockcheck::samples::testing

#endif  // LOCKCHECK_TESTS_SAMPLES_README_H_
