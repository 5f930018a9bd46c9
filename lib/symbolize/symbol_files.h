// Finds the files that describe a recorded module: where its debug information
// and its symbols are.
//
// Problem: a report made from the wrong file shows wrong lines and looks right.
// A file counts only if its build-id is the recorded one; only a module that
// was recorded without a build-id is taken on trust from its recorded path, and
// that is said.
//
// Order: the symbol folders (any file below them, .build-id/xx/yyyy.debug
// included), the recorded path, the system's debug folder, then
// .gnu_debuglink. Cost: the symbol folders are read once, at the first module.
// Not thread-safe.
#ifndef LOCKCHECK_LIB_SYMBOLIZE_SYMBOL_FILES_H_
#define LOCKCHECK_LIB_SYMBOLIZE_SYMBOL_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/log/recording.h"
#include "lib/symbolize/elf_file.h"

namespace lockcheck::symbolize {

struct SymbolFiles {
  std::shared_ptr<ElfFile> debug;    // has debug information; may be null
  std::shared_ptr<ElfFile> symbols;  // has a symbol table; may be null
  std::string warning;  // one line: which file, why, the mend; may be empty
};

class SymbolFileFinder {
 public:
  explicit SymbolFileFinder(std::vector<std::string> symbol_dirs,
                            std::string system_debug_dir = "/usr/lib/debug");

  SymbolFiles Find(const log::Module& module);

 private:
  void AddFromSymbolDirs(const std::string& build_id, SymbolFiles* found);
  // Why the file at the recorded path was not taken; empty if it was.
  std::string AddFromPath(const log::Module& module, SymbolFiles* found);
  void AddFromSystem(const std::string& build_id, SymbolFiles* found);
  void AddFromDebugLink(const ElfFile& file, SymbolFiles* found);
  void IndexSymbolDirs();

  std::vector<std::string> symbol_dirs_;
  std::string system_debug_dir_;
  bool indexed_ = false;
  absl::flat_hash_map<std::string, std::vector<std::string>> by_build_id_;
};

}  // namespace lockcheck::symbolize

#endif  // LOCKCHECK_LIB_SYMBOLIZE_SYMBOL_FILES_H_
