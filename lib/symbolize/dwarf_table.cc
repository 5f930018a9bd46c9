#include "lib/symbolize/dwarf_table.h"

#include <dwarf.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "lib/symbolize/function_name.h"

namespace lockcheck::symbolize {
namespace {

constexpr int kMaxDepth = 256;          // of the tree of entries
constexpr int kMaxReferences = 16;      // abstract_origin, specification
constexpr int kMaxInlineDepth = 256;    // of one answer
constexpr int kMaxRanges = 1'000'000;   // of one entry
constexpr size_t kMaxUnits = 1u << 24;  // of one file

// The attribute as text, or null.
const char* Text(Dwarf_Die* die, unsigned int name) {
  Dwarf_Attribute attribute;
  return dwarf_formstring(dwarf_attr(die, name, &attribute));
}

const char* LinkageName(Dwarf_Die* die) {
  const char* name = Text(die, DW_AT_linkage_name);
  return name != nullptr ? name : Text(die, DW_AT_MIPS_linkage_name);
}

// Calls add(low, high) for each address range of the entry.
template <typename Add>
void ForEachRange(Dwarf_Die* die, const Add& add) {
  ptrdiff_t offset = 0;
  Dwarf_Addr base = 0, low = 0, high = 0;
  for (int i = 0; i < kMaxRanges; ++i) {
    offset = dwarf_ranges(die, offset, &base, &low, &high);
    if (offset <= 0) return;
    add(low, high);
  }
}

bool IsScope(int tag) {
  return tag == DW_TAG_namespace || tag == DW_TAG_class_type ||
         tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
         tag == DW_TAG_subprogram;
}

}  // namespace

// Walks one unit's tree, once, in the order of the file. An entry that does not
// lie behind the one before ends the walk: only damage leads back, and so the
// walk is linear in the unit's size whatever the file says.
class UnitWalk {
 public:
  UnitWalk(DwarfTable* table, DwarfTable::Unit* unit)
      : table_(table), unit_(unit), lowest_code_(table->file_->lowest_code()) {}

  void Run() {
    last_ = unit_->tree.addr;
    Children(unit_->tree, DwarfTable::kNoNode);
    unit_->ranges.Build();
  }

 private:
  struct OpenScope {
    Dwarf_Die die;
    uint32_t index = DwarfTable::kNoNode;  // in scopes_, once it is needed
  };

  void Children(Dwarf_Die parent, uint32_t node) {
    Dwarf_Die die;
    if (depth_ >= kMaxDepth || dwarf_child(&parent, &die) != 0) return;
    ++depth_;
    do {
      if (die.addr <= last_) {
        damaged_ = true;
        break;
      }
      last_ = die.addr;
      Entry(die, node);
    } while (!damaged_ && dwarf_siblingof(&die, &die) == 0);
    --depth_;
  }

  void Entry(Dwarf_Die die, uint32_t node) {
    const int tag = dwarf_tag(&die);
    if (tag == DW_TAG_subprogram) {
      node = AddNode(die, DwarfTable::kNoNode, false);
      NoteScopeIfNeeded(&die);
    } else if (tag == DW_TAG_inlined_subroutine) {
      node = AddNode(die, node, true);
    }
    const bool scope = IsScope(tag);
    if (scope) open_.push_back({die});
    Children(die, node);
    if (scope) open_.pop_back();
  }

  // A function without code (a declaration, an inline function's abstract
  // entry) gets no node; an inlined call always does, for the calls inside it.
  uint32_t AddNode(const Dwarf_Die& die, uint32_t parent, bool inlined) {
    const auto index = static_cast<uint32_t>(unit_->nodes.size());
    Dwarf_Die entry = die;
    bool any = false;
    ForEachRange(&entry, [&](uint64_t low, uint64_t high) {
      if (low < lowest_code_) return;
      unit_->ranges.Add(low, high, index);
      any = true;
    });
    if (!any && !inlined) return DwarfTable::kNoNode;
    unit_->nodes.push_back({die, parent, inlined});
    return index;
  }

  void NoteScopeIfNeeded(Dwarf_Die* die) {
    if (open_.empty() || Text(die, DW_AT_name) == nullptr ||
        LinkageName(die) != nullptr) {
      return;
    }
    uint32_t parent = DwarfTable::kNoNode;
    for (OpenScope& scope : open_) {
      if (scope.index == DwarfTable::kNoNode) {
        scope.index = static_cast<uint32_t>(table_->scopes_.size());
        table_->scopes_.push_back({scope.die, parent});
      }
      parent = scope.index;
    }
    table_->scope_of_.emplace(die->addr, parent);
  }

  DwarfTable* table_;
  DwarfTable::Unit* unit_;
  uint64_t lowest_code_;
  std::vector<OpenScope> open_;
  const void* last_ = nullptr;
  int depth_ = 0;
  bool damaged_ = false;
};

std::unique_ptr<DwarfTable> DwarfTable::Open(std::shared_ptr<ElfFile> file) {
  Dwarf* dwarf = dwarf_begin_elf(file->elf(), DWARF_C_READ, nullptr);
  if (dwarf == nullptr) return nullptr;
  std::unique_ptr<DwarfTable> table(new DwarfTable(std::move(file), dwarf));
  table->IndexUnits();
  return table;
}

DwarfTable::DwarfTable(std::shared_ptr<ElfFile> file, Dwarf* dwarf)
    : file_(std::move(file)), dwarf_(dwarf) {}

DwarfTable::~DwarfTable() { dwarf_end(dwarf_); }

void DwarfTable::IndexUnits() {
  Dwarf_CU* cu = nullptr;
  uint8_t type = 0;
  Dwarf_Die die, split;
  while (units_.size() < kMaxUnits &&
         dwarf_get_units(dwarf_, cu, &cu, nullptr, &type, &die, &split) == 0) {
    if (type != DW_UT_compile && type != DW_UT_skeleton) continue;
    Unit unit;
    unit.die = die;
    unit.tree = type == DW_UT_skeleton && split.addr != nullptr ? split : die;
    const auto index = static_cast<uint32_t>(units_.size());
    ForEachRange(&die, [&](uint64_t low, uint64_t high) {
      if (low >= file_->lowest_code()) unit_ranges_.Add(low, high, index);
    });
    units_.push_back(std::move(unit));
  }
  unit_ranges_.Build();
}

void DwarfTable::Load(Unit* unit) {
  if (std::exchange(unit->loaded, true)) return;
  UnitWalk(this, unit).Run();
  if (dwarf_getsrclines(&unit->die, &unit->lines, &unit->line_count) != 0) {
    unit->lines = nullptr;
    unit->line_count = 0;
  }
  size_t count = 0;
  if (dwarf_getsrcfiles(&unit->tree, &unit->files, &count) != 0) {
    unit->files = nullptr;
  }
}

std::vector<SourceFrame> DwarfTable::Find(uint64_t address) {
  std::vector<SourceFrame> frames;
  const RangeMap::Range* unit_range = unit_ranges_.Find(address);
  if (unit_range == nullptr) return frames;
  Unit& unit = units_[unit_range->value];
  Load(&unit);
  const RangeMap::Range* range = unit.ranges.Find(address);
  Place place =
      LineAt(unit, address, range != nullptr ? range->low : unit_range->low);
  uint32_t node = range != nullptr ? range->value : kNoNode;
  if (node == kNoNode) {
    if (place.line == 0) return frames;
    frames.push_back({"", std::move(place.file), place.line, false});
    return frames;
  }
  for (int i = 0; node != kNoNode && i < kMaxInlineDepth; ++i) {
    Node& entry = unit.nodes[node];
    frames.push_back({NameOf(entry.die), std::move(place.file), place.line,
                      entry.inlined && entry.parent != kNoNode});
    if (entry.inlined) place = CallPlace(unit, &entry.die);
    node = entry.parent;
  }
  return frames;
}

// Build systems that name sources relative to the build folder (Meson, ccache's
// base_dir) leave it to the reader to put the two together.
std::string DwarfTable::FullPath(const Unit& unit, const char* file) {
  if (file == nullptr || *file == 0) return "";
  if (*file == '/') return file;
  Dwarf_Die die = unit.die;
  const char* const folder = Text(&die, DW_AT_comp_dir);
  if (folder == nullptr) return file;
  return (std::filesystem::path(folder) / file).lexically_normal().string();
}

// Compilers give line 0 to code that belongs to no line; the nearest line
// before it, down to `lowest`, is what a person looks for.
DwarfTable::Place DwarfTable::LineAt(const Unit& unit, uint64_t address,
                                     uint64_t lowest) const {
  const auto address_of = [&](size_t index) {
    Dwarf_Addr value = 0;
    dwarf_lineaddr(dwarf_onesrcline(unit.lines, index), &value);
    return value;
  };
  size_t low = 0, high = unit.line_count;  // rows below `low` are not behind
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (address_of(middle) <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  for (size_t row = low; row-- > 0;) {
    Dwarf_Line* line = dwarf_onesrcline(unit.lines, row);
    bool end = false;
    int number = 0;
    if (dwarf_lineendsequence(line, &end) != 0 || end) break;
    if (dwarf_lineno(line, &number) == 0 && number > 0) {
      const char* file = dwarf_linesrc(line, nullptr, nullptr);
      return {FullPath(unit, file), number};
    }
    if (address_of(row) <= lowest) break;
  }
  return {};
}

DwarfTable::Place DwarfTable::CallPlace(const Unit& unit,
                                        Dwarf_Die* call) const {
  Place place;
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_formudata(dwarf_attr(call, DW_AT_call_line, &attribute), &value) ==
          0 &&
      value <= INT32_MAX) {
    place.line = static_cast<int>(value);
  }
  if (unit.files != nullptr &&
      dwarf_formudata(dwarf_attr(call, DW_AT_call_file, &attribute), &value) ==
          0) {
    const char* file = dwarf_filesrc(unit.files, value, nullptr, nullptr);
    place.file = FullPath(unit, file);
  }
  return place;
}

// The linkage name may stand at the entry itself or at any it refers to; only
// if there is none does the plain name count.
const std::string& DwarfTable::NameOf(const Dwarf_Die& die) {
  const auto known = names_.find(die.addr);
  if (known != names_.end()) return known->second;
  Dwarf_Die entry = die, named = die;
  const char* name = nullptr;
  std::string result;
  for (int i = 0; i < kMaxReferences; ++i) {
    const char* linkage = LinkageName(&entry);
    if (linkage != nullptr && std::string_view(linkage).starts_with("_Z")) {
      result = FunctionName(linkage);
      break;
    }
    const char* plain = name == nullptr ? Text(&entry, DW_AT_name) : nullptr;
    if (plain != nullptr) {
      name = plain;
      named = entry;
    }
    Dwarf_Attribute attribute;
    Dwarf_Die next;
    if (dwarf_formref_die(dwarf_attr(&entry, DW_AT_abstract_origin, &attribute),
                          &next) == nullptr &&
        dwarf_formref_die(dwarf_attr(&entry, DW_AT_specification, &attribute),
                          &next) == nullptr) {
      break;
    }
    entry = next;
  }
  if (result.empty() && name != nullptr) result = QualifiedName(named, name);
  return names_.emplace(die.addr, std::move(result)).first->second;
}

std::string DwarfTable::QualifiedName(Dwarf_Die named, const char* name) {
  const auto scope = scope_of_.find(named.addr);
  if (scope == scope_of_.end()) return FunctionName(name);
  std::string result = ScopeName(scope->second);
  if (!result.empty()) result += "::";
  return WithoutAbiNamespace(result + name);
}

std::string DwarfTable::ScopeName(uint32_t scope) {
  std::string result;
  for (; scope != kNoNode; scope = scopes_[scope].parent) {
    Dwarf_Die die = scopes_[scope].die;
    const int tag = dwarf_tag(&die);
    const char* plain = Text(&die, DW_AT_name);
    std::string name = plain != nullptr ? plain : "";
    if (tag == DW_TAG_namespace && name.empty()) {
      name = "(anonymous namespace)";
    } else if (tag == DW_TAG_subprogram) {
      name = NameOf(die);
    } else if (name.empty() || name.starts_with("<lambda")) {
      name = "{lambda}";
    }
    if (!result.empty()) name.append("::").append(result);
    result = std::move(name);
    if (tag == DW_TAG_subprogram) break;  // is qualified already
  }
  return result;
}

}  // namespace lockcheck::symbolize
