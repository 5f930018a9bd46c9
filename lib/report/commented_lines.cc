#include "lib/report/commented_lines.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "fmt/format.h"

namespace lockcheck::report {
namespace {

size_t CommentStart(std::string_view line) {
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '#' && (line[i - 1] == ' ' || line[i - 1] == '\t')) return i;
  }
  return line.npos;
}

}  // namespace

CommentedLine SplitComment(std::string_view line) {
  CommentedLine split;
  const size_t hash = CommentStart(line);
  split.entry = StripBlanks(line.substr(0, hash));
  if (hash != line.npos) split.comment = StripBlanks(line.substr(hash + 1));
  return split;
}

std::vector<CommentedLine> CommentedLines(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  std::vector<CommentedLine> lines;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = StripBlanks(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    lines.push_back(SplitComment(line));
    lines.back().number = number;
  }
  return lines;
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path,
                                          std::string_view what) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // An empty file has nothing to copy, which would count as a failure.
  if (file.peek() != EOF) text << file.rdbuf();
  if (!file.is_open() || file.bad() || text.fail()) {
    return absl::NotFoundError(
        fmt::format("{}: cannot read the {}: {}", path, what,
                    errno != 0 ? std::strerror(errno) : "it is no file"));
  }
  return text.str();
}

std::string_view StripBlanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace lockcheck::report
