#include "tools/lockcheck/run_environment.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "fmt/format.h"

namespace lockcheck::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOptionsVariable = "LOCKCHECK_OPTIONS=";
// A program that has it joins the recording of whoever started us.
constexpr std::string_view kRecordingVariable = "LOCKCHECK_RECORDING=";

}  // namespace

std::string EscapedOption(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    if (c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

namespace {

// Programs with lockcheck/gtest.h judge themselves; they get the same files.
std::string KnownFindings(const char* key, const std::string& path) {
  if (path.empty()) return "";
  return fmt::format(":{}={}", key, EscapedOption(fs::absolute(path).string()));
}

// What is said later counts more: the program's own options stand between what
// they may change and what they may not.
std::string OptionsFor(const Options& options, const std::string& pattern) {
  std::error_code ignored;
  const std::string command = fs::read_symlink("/proc/self/exe", ignored);
  const char* const given = std::getenv("LOCKCHECK_OPTIONS");
  return fmt::format("command={}:{}{}{}:mode=record:log={}",
                     EscapedOption(command), given != nullptr ? given : "",
                     KnownFindings("suppressions", options.suppressions),
                     KnownFindings("baseline", options.baseline),
                     EscapedOption(pattern));
}

}  // namespace

std::vector<std::string> RecordingEnvironment(const Options& options,
                                              const std::string& pattern,
                                              const std::string& more) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (text.starts_with(kOptionsVariable) ||
        text.starts_with(kRecordingVariable)) {
      continue;
    }
    variables.emplace_back(text);
  }
  variables.push_back(std::string(kOptionsVariable) +
                      OptionsFor(options, pattern) + more);
  return variables;
}

}  // namespace lockcheck::tools
