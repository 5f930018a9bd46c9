// The symbol table's answer: which function, or which variable, is at an
// address.
//
// Used where debug information says nothing: stripped libraries, assembly; and
// for variables, which it knows by far less reading than debug information.
// Built at the first look-up, O(n log n); a look-up is a binary search. Not
// thread-safe.
#ifndef LOCKCHECK_LIB_SYMBOLIZE_SYMBOL_TABLE_H_
#define LOCKCHECK_LIB_SYMBOLIZE_SYMBOL_TABLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/symbolize/elf_file.h"

namespace lockcheck::symbolize {

enum class SymbolKind : uint8_t { kFunction, kVariable };

class SymbolTable {
 public:
  // Of the file's symbols of that kind.
  SymbolTable(std::shared_ptr<ElfFile> file, SymbolKind kind);

  // Demangled, as SourceFrame::function; empty if nothing of the kind is there.
  std::string Find(uint64_t address) const;

 private:
  struct Symbol {
    uint64_t low = 0, high = 0;
    const char* name = nullptr;  // owned by the file
    bool local = false;
  };

  void Read(Elf_Scn* section);
  void CloseUnsized();

  std::shared_ptr<ElfFile> file_;
  SymbolKind kind_;
  std::vector<Symbol> symbols_;  // by low; none inside another's start
};

}  // namespace lockcheck::symbolize

#endif  // LOCKCHECK_LIB_SYMBOLIZE_SYMBOL_TABLE_H_
