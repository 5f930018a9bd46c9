// One line of the field's text format for traces (RAPID "STD"):
//
//   thread|op(object)|location
//
// Problem: the tools that write it differ in details, and files that are no
// such trace at all have to be told from those that are. So a line is taken
// apart here, once, and every complaint says what is wrong with it and what to
// do. docs/command.md has the operations.
//
// Thread safety: no state.
#ifndef LOCKCHECK_LIB_LOG_STD_FORMAT_H_
#define LOCKCHECK_LIB_LOG_STD_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace lockcheck::log {

enum class StdOp : uint8_t {
  kAcquire,
  kRelease,
  kRequest,  // a blocking acquisition begins
  kFork,
  kJoin,
  kBegin,
  kEnd,
  kWait,  // for a notification, behind the release of its monitor
  kNotify,
  kNotifyAll,
  kRead,
  kWrite,
  kBranch,
};

struct StdOpName {
  std::string_view name;
  StdOp op;
  bool has_object = true;  // it must name one
};
inline constexpr StdOpName kStdOps[] = {
    {"acq", StdOp::kAcquire},
    {"rel", StdOp::kRelease},
    {"req", StdOp::kRequest},
    {"fork", StdOp::kFork},
    {"join", StdOp::kJoin},
    {"begin", StdOp::kBegin, false},
    {"end", StdOp::kEnd, false},
    {"wait", StdOp::kWait},
    {"notify", StdOp::kNotify},
    {"notifyAll", StdOp::kNotifyAll},
    {"r", StdOp::kRead},
    {"w", StdOp::kWrite},
    {"branch", StdOp::kBranch, false},
};
std::string_view NameOf(StdOp op);

// Longer ones are no lines of a trace.
inline constexpr size_t kLongestStdLine = 8192;  // bytes

// Views into the line.
struct StdEvent {
  std::string_view thread;
  StdOp op = StdOp::kBranch;
  std::string_view object;    // a lock, a thread, ...; empty if it names none
  std::string_view location;  // empty: not said
};

// Without blanks and a carriage return at its ends.
std::string_view StripStdLine(std::string_view line);
// Whether a stripped line says nothing: it is empty, or a comment (# or //).
bool IsStdComment(std::string_view line);
// The message of an error lacks the line's number.
absl::StatusOr<StdEvent> ParseStdLine(std::string_view stripped);

// The beginning of a text that may be any bytes, in quotes, for messages.
std::string Quoted(std::string_view text);

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_STD_FORMAT_H_
