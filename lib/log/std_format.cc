#include "lib/log/std_format.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace lockcheck::log {
namespace {

std::string_view Strip(std::string_view text) {
  const auto is_blank = [](char c) {
    return absl::ascii_isspace(static_cast<unsigned char>(c));
  };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

absl::Status NotALine(std::string_view line) {
  return absl::InvalidArgumentError(
      absl::StrCat(Quoted(line),
                   " is not thread|op(object)|location; is this a trace in the "
                   "STD format?"));
}

absl::Status UnknownOp(std::string_view op) {
  std::string names;
  for (const StdOpName& row : kStdOps) {
    absl::StrAppend(&names, names.empty() ? "" : ", ",
                    absl::string_view(row.name.data(), row.name.size()));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the operation ", Quoted(op), " is none of ", names,
                   "; change or delete the line"));
}

const StdOpName* FindOp(std::string_view name) {
  const auto row =
      std::find_if(std::begin(kStdOps), std::end(kStdOps),
                   [&](const StdOpName& r) { return r.name == name; });
  return row == std::end(kStdOps) ? nullptr : row;
}

}  // namespace

std::string_view NameOf(StdOp op) {
  for (const StdOpName& row : kStdOps) {
    if (row.op == op) return row.name;
  }
  return "";
}

std::string Quoted(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string quoted = "'";
  quoted.append(text.substr(0, kMost));
  if (text.size() > kMost) quoted += "...";
  return quoted += "'";
}

std::string_view StripStdLine(std::string_view line) { return Strip(line); }

bool IsStdComment(std::string_view line) {
  return line.empty() || line.front() == '#' || line.substr(0, 2) == "//";
}

absl::StatusOr<StdEvent> ParseStdLine(std::string_view line) {
  const size_t bar = line.find('|');
  if (bar == line.npos) return NotALine(line);
  const size_t second = line.find('|', bar + 1);
  StdEvent event;
  event.thread = Strip(line.substr(0, bar));
  std::string_view act = Strip(line.substr(bar + 1, second - bar - 1));
  if (second != line.npos) {
    event.location = Strip(line.substr(second + 1));
    if (event.location.find('|') != line.npos) return NotALine(line);
  }
  if (event.thread.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        Quoted(line), " names no thread; write it before the first |"));
  }
  const size_t open = act.find('(');
  const StdOpName* const row = FindOp(Strip(act.substr(0, open)));
  if (row == nullptr) return UnknownOp(act.substr(0, open));
  event.op = row->op;
  if (open != act.npos) {
    if (act.back() != ')') return NotALine(line);
    event.object = Strip(act.substr(open + 1, act.size() - open - 2));
  }
  if (event.object.empty() && row->has_object) {
    return absl::InvalidArgumentError(absl::StrCat(
        Quoted(line), " names no object; write ",
        absl::string_view(row->name.data(), row->name.size()), "(OBJECT)"));
  }
  return event;
}

}  // namespace lockcheck::log
