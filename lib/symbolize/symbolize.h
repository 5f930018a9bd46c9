// From a module and an offset to functions, files and lines, inlines included.
//
// Problem: a report needs every frame's whole inline chain, and a lexical scope
// look-up per address through libdwfl takes milliseconds. One pass over a
// module's debug information builds a sorted range table; a look-up is a binary
// search. Without debug information the symbol table gives the function's name;
// without a file the answer is module+offset. Never fails.
#ifndef LOCKCHECK_LIB_SYMBOLIZE_SYMBOLIZE_H_
#define LOCKCHECK_LIB_SYMBOLIZE_SYMBOLIZE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/log/recording.h"

namespace lockcheck::symbolize {

struct SourceFrame {
  std::string function;  // demangled, without the argument list; may be empty
  std::string file;      // as the compiler recorded it; may be empty
  int line = 0;          // 0: not known
  bool inlined = false;  // this frame was inlined into the next one
};

struct SymbolizedFrame {
  std::vector<SourceFrame> frames;  // innermost first, at least one if known
  std::string module;               // file name of the module
  uint64_t offset = 0;
};

class Symbolizer {
 public:
  // `symbol_dirs` are searched first, for files whose build-id matches (also in
  // the .build-id/xx/yyyy.debug layout); then the recorded path (only if its
  // build-id matches), then the system's debug directory.
  Symbolizer(const std::vector<log::Module>& modules,
             std::vector<std::string> symbol_dirs);
  ~Symbolizer();

  // `offset` is relative to the module's load base, as in the log. Return
  // addresses of frames other than the innermost must be passed with
  // `is_return_address` true: the look-up then uses the byte before.
  const SymbolizedFrame& Find(const log::Frame& frame, bool is_return_address);

  // One line per module that could not be read or did not match: which file,
  // why, the mend.
  const std::vector<std::string>& warnings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// True for functions that only pass a lock operation on: std's guards and lock
// functions, lockcheck's own types and runtime. Reports skip such frames.
bool IsWrapper(const SourceFrame& frame);

}  // namespace lockcheck::symbolize

#endif  // LOCKCHECK_LIB_SYMBOLIZE_SYMBOLIZE_H_
