// From a module and an offset to functions, files and lines, inlines included.
//
// Problem: a report needs every frame's whole inline chain, and a lexical scope
// look-up per address through libdwfl takes milliseconds. One pass over the
// debug information builds sorted range tables; a look-up is a binary search.
// Without debug information the symbol table gives the function's name; without
// a file the answer is module+offset. Never fails, whatever the files hold.
//
// Cost: a module is opened at its first look-up, a compilation unit is read at
// the first look-up in it (about 10 ms per MB of program with debug
// information), each further address takes about 4 us. Not thread-safe.
#ifndef LOCKCHECK_LIB_SYMBOLIZE_SYMBOLIZE_H_
#define LOCKCHECK_LIB_SYMBOLIZE_SYMBOLIZE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/log/recording.h"

namespace lockcheck::symbolize {

struct SourceFrame {
  // Demangled, without return type, argument lists and the lockcheck types'
  // version namespace: "Bank::Transfer", "Run<int>", "main::{lambda#1}::
  // operator()". May be empty.
  std::string function;
  std::string file;      // as the compiler recorded it; may be empty
  int line = 0;          // 0: not known
  bool inlined = false;  // this frame was inlined into the next one
};

struct SymbolizedFrame {
  std::vector<SourceFrame> frames;  // innermost first, at least one if known
  std::string module;               // file name of the module, without folders
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

  // `offset` is relative to the module's load base, as in the log: the address
  // minus the loader's bias (link_map::l_addr, dlpi_addr), which is the virtual
  // address written in the ELF file; for a program that is not position
  // independent it is the address itself. Return addresses of frames other than
  // the innermost must be passed with `is_return_address` true: the look-up
  // then uses the byte before. The result lives as long as the Symbolizer.
  const SymbolizedFrame& Find(const log::Frame& frame, bool is_return_address);

  // The variable of static storage at an address, which is given as above, or
  // the one whose element or member is there: "cash", "bank::(anonymous
  // namespace)::books". Empty if there is none, or no symbol table tells.
  std::string FindVariable(const log::Frame& frame);

  // One line per module that could not be read or did not match: which file,
  // why, the mend. Grows as modules are opened.
  const std::vector<std::string>& warnings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// True for functions that only pass a lock operation on: std's guards, locks
// and lock functions, lockcheck's own types and runtime. Reports skip such
// frames.
bool IsWrapper(const SourceFrame& frame);

// True for std::lock and what only it calls: it goes on until it has all of its
// locks. std::try_lock does not.
bool IsStdLock(const SourceFrame& frame);

// True for functions that only start another: std::thread's and lockcheck's
// start, std::invoke, the C library's entry. Reports cut such frames off the
// outer end of a stack; in the middle they mean nothing.
bool IsPlumbing(const SourceFrame& frame);

// True for the plumbing that nothing but the start of a thread calls: what lies
// further out is none of the user's.
bool IsThreadStart(const SourceFrame& frame);

// A place in a stack: a frame of it, and one of that frame's inlined calls.
struct StackPosition {
  size_t frame = 0;    // index into the stack; its size if there is none
  size_t inlined = 0;  // index into that frame's `frames`
  const SourceFrame* source = nullptr;  // null if nothing is known of the frame
};

// The user's own code in a stack, innermost frame first: the first frame
// outside the wrappers. Functions of the standard library between a wrapper and
// the user (a vector of guards) are passed over, unless nothing else is left. A
// frame of which nothing is known ends the search: it may be the user's, unless
// it is in a library of the system's. A stack that comes to the loop of a
// pool's worker before any of the user's functions has no such place.
StackPosition UserPosition(const std::vector<const SymbolizedFrame*>& stack);

// The same; null if the stack is empty or nothing is known of that frame.
const SourceFrame* UserFrame(const std::vector<const SymbolizedFrame*>& stack);

}  // namespace lockcheck::symbolize

#endif  // LOCKCHECK_LIB_SYMBOLIZE_SYMBOLIZE_H_
