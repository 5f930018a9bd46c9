// Debug information as tables: from an address to its chain of inlined calls.
//
// Problem: libdw's scope look-up walks a unit's tree for every address. Here a
// unit's tree is walked once, when the first address in it is asked for, into a
// RangeMap of functions and inlined calls; names and lines are read when they
// are wanted. Measured on a program of 8.6 MB: 32 ms for the whole tree
// (230,000 entries), 21 ms for the lines (110,000 rows), 4 us per address
// afterwards.
//
// DWARF 2 to 5, split units and compressed sections included. Damaged debug
// information gives fewer answers, never a crash: offsets may only move
// forward. Not thread-safe.
#ifndef LOCKCHECK_LIB_SYMBOLIZE_DWARF_TABLE_H_
#define LOCKCHECK_LIB_SYMBOLIZE_DWARF_TABLE_H_

#include <elfutils/libdw.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/symbolize/elf_file.h"
#include "lib/symbolize/range_map.h"
#include "lib/symbolize/symbolize.h"

namespace lockcheck::symbolize {

class DwarfTable {
 public:
  // Null if the file has no debug information that libdw can read.
  static std::unique_ptr<DwarfTable> Open(std::shared_ptr<ElfFile> file);
  ~DwarfTable();
  DwarfTable(const DwarfTable&) = delete;
  DwarfTable& operator=(const DwarfTable&) = delete;

  // Innermost first; empty if nothing is known. The outermost function's name
  // is empty where only a line is known (assembly).
  std::vector<SourceFrame> Find(uint64_t address);

 private:
  friend class UnitWalk;
  static constexpr uint32_t kNoNode = 0xffffffff;

  struct Node {  // a function, or a call inlined into `parent`
    Dwarf_Die die;
    uint32_t parent = kNoNode;
    bool inlined = false;
  };
  struct Scope {  // a namespace, class or function around a function
    Dwarf_Die die;
    uint32_t parent = kNoNode;
  };
  struct Unit {
    Dwarf_Die die;   // has the ranges and the lines
    Dwarf_Die tree;  // has the functions: the split unit's, else the same
    bool loaded = false;
    std::vector<Node> nodes;
    RangeMap ranges;  // of nodes
    Dwarf_Lines* lines = nullptr;
    size_t line_count = 0;
    Dwarf_Files* files = nullptr;
  };
  struct Place {
    std::string file;
    int line = 0;
  };

  DwarfTable(std::shared_ptr<ElfFile> file, Dwarf* dwarf);
  void IndexUnits();
  void Load(Unit* unit);
  Place LineAt(const Unit& unit, uint64_t address, uint64_t lowest) const;
  Place CallPlace(const Unit& unit, Dwarf_Die* call) const;
  static std::string FullPath(const Unit& unit, const char* file);
  const std::string& NameOf(const Dwarf_Die& die);
  std::string QualifiedName(Dwarf_Die named, const char* name);
  std::string ScopeName(uint32_t scope);

  std::shared_ptr<ElfFile> file_;
  Dwarf* dwarf_;
  std::vector<Unit> units_;
  RangeMap unit_ranges_;
  // Functions that have no linkage name, by their entry's address in memory: in
  // which scope they are. g++ leaves the linkage name of lambdas out.
  absl::flat_hash_map<const void*, uint32_t> scope_of_;
  std::vector<Scope> scopes_;
  absl::flat_hash_map<const void*, std::string> names_;
};

}  // namespace lockcheck::symbolize

#endif  // LOCKCHECK_LIB_SYMBOLIZE_DWARF_TABLE_H_
