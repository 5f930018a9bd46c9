// Where results go: standard output or a file. Everything else goes to standard
// error.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_OUTPUT_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_OUTPUT_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tools/lockcheck/command_line.h"

namespace lockcheck::tools {

// To be called first in main: a closed standard stream becomes /dev/null, so
// that no file of ours gets its number, and writing to a closed standard output
// goes on being an error; a reader that goes away is no signal.
void PrepareStandardStreams();
// Whether SIGPIPE was ignored before that, as a program that we start expects.
bool BrokenPipesWereIgnored();

// A reader that has gone away (head, less) is no error.
absl::Status WriteToStandardOutput(std::string_view text);
absl::Status WriteToStandardError(std::string_view text);
// "-" and "" are standard output. The error names the file and the cause.
absl::Status WriteToFile(const std::string& path, std::string_view text);
// Whoever reads the file meanwhile sees the old text or the new one, never a
// part: a new file takes the old one's name and mode. Where that cannot be, as
// with a pipe, /dev/stdout or /proc/PID/fd/N of a file without a name, the text
// is written into what is there.
absl::Status ReplaceFile(const std::string& path, std::string_view text);

// One line to standard error: "lockcheck: " and `line`.
void Complain(std::string_view line);

// Whether the stream with that number gets colour.
bool UseColour(Colour colour, int fd = 1);

// Columns of the terminal that the stream is: COLUMNS, else what it says
// itself. 0: it is none, or does not say; then lines may be as long as they
// are.
size_t OutputWidth(int fd = 1);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_OUTPUT_H_
