// The files of findings that do not count: suppressions= and baseline=.
//
// The runtime does not read them: they are handed to the `lockcheck` command
// that it starts for a report, which knows what a finding is called. So the
// command's rules are the program's. A relative path is one from the directory
// in which the program began.
//
// Threading: SetKnownFiles() once, before anything is reported; the others any
// thread.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_KNOWN_FILES_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_KNOWN_FILES_H_

#include <cstddef>

namespace lockcheck::runtime {

// From the options. What cannot be read is said in one line, and is none.
void SetKnownFiles();

// Puts "--suppressions", FILE, "--baseline", FILE behind the arguments, as far
// as there are such files. Returns how many words: kMostKnownWords at most.
inline constexpr size_t kMostKnownWords = 4;
size_t AddKnownFiles(const char** arguments);

bool HasKnownFiles();
// The command could make nothing of them, and has said so.
void DropKnownFiles();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_KNOWN_FILES_H_
