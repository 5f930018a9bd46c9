#include "lib/log/std_import.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "lib/log/std_format.h"
#include "lib/log/std_translator.h"

namespace lockcheck::log {
namespace {

// Some editors begin a file with it, in UTF-8.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view WithoutByteOrderMark(std::string_view line) {
  const bool has_it = line.substr(0, kByteOrderMark.size()) == kByteOrderMark;
  return has_it ? line.substr(kByteOrderMark.size()) : line;
}

}  // namespace

// Puts lines together that come in pieces.
class StdImport::Lines {
 public:
  Lines(std::string name, BlockFile::Write write)
      : name_(std::move(name)), translator_(name_, std::move(write)) {}

  absl::Status Add(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t end = bytes.find('\n');
      const std::string_view piece = bytes.substr(0, end);
      if (rest_.size() + piece.size() > kLongestStdLine) return TooLong();
      if (end == bytes.npos) {
        rest_.append(piece);
        return absl::OkStatus();
      }
      absl::Status added = rest_.empty() ? Line(piece) : Rest(piece);
      if (!added.ok()) return added;
      bytes.remove_prefix(end + 1);
    }
    return absl::OkStatus();
  }

  absl::Status Finish() {
    if (absl::Status last = Rest(""); !last.ok()) return last;
    if (events_ == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(name_,
                       ": there is no event in it; give a trace with lines "
                       "thread|op(object)|location"));
    }
    if (events_ == branches_) {
      return absl::InvalidArgumentError(absl::StrCat(
          name_, ": there is nothing in it but branches, which a log has not"));
    }
    return translator_.Finish();
  }

  std::vector<std::string> notes() const { return translator_.notes(); }

 private:
  absl::Status Rest(std::string_view piece) {
    rest_.append(piece);
    absl::Status added = Line(rest_);
    rest_.clear();
    return added;
  }

  absl::Status Line(std::string_view line) {
    ++number_;
    if (number_ == 1) line = WithoutByteOrderMark(line);
    line = StripStdLine(line);
    if (IsStdComment(line)) return absl::OkStatus();
    const absl::StatusOr<StdEvent> event = ParseStdLine(line);
    absl::Status added = event.status();
    if (event.ok()) added = translator_.Add(*event, number_);
    ++events_;
    branches_ += event.ok() && event->op == StdOp::kBranch;
    return absl::IsInvalidArgument(added) ? Named(added) : added;
  }

  absl::Status TooLong() {
    ++number_;
    return Named(absl::InvalidArgumentError(
        absl::StrCat("it is longer than ", kLongestStdLine,
                     " bytes; is this a trace in the STD format?")));
  }

  absl::Status Named(const absl::Status& status) const {
    return absl::InvalidArgumentError(
        absl::StrCat(name_, ": line ", number_, ": ", status.message()));
  }

  const std::string name_;
  StdTranslator translator_;
  std::string rest_;  // of a line whose end has not come
  uint64_t number_ = 0, events_ = 0, branches_ = 0;
};

StdImport::StdImport(std::string name, BlockFile::Write write)
    : lines_(std::make_unique<Lines>(std::move(name), std::move(write))) {}
StdImport::~StdImport() = default;
absl::Status StdImport::Add(std::string_view bytes) {
  return lines_->Add(bytes);
}
absl::Status StdImport::Finish() { return lines_->Finish(); }
std::vector<std::string> StdImport::notes() const { return lines_->notes(); }

}  // namespace lockcheck::log
