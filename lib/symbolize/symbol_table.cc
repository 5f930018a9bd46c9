#include "lib/symbolize/symbol_table.h"

#include <gelf.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "lib/symbolize/function_name.h"

namespace lockcheck::symbolize {
namespace {

// A symbol without a size (assembly) ends where the next one starts; the last
// one is believed for a page.
constexpr uint64_t kUnsizedBound = 4096;
// How many symbols before the address may be shorter ones inside the right one.
constexpr int kMaxNested = 16;

// A variable without a size would be believed to hold its neighbours.
bool IsOfKind(const GElf_Sym& symbol, SymbolKind kind) {
  if (symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0) return false;
  const auto type = GELF_ST_TYPE(symbol.st_info);
  return kind == SymbolKind::kFunction
             ? type == STT_FUNC || type == STT_GNU_IFUNC
             : type == STT_OBJECT && symbol.st_size != 0;
}

// "_ZL4cash.lto_priv.0" is "cash": the number is the linker's.
std::string VariableName(std::string_view linkage_name) {
  return FunctionName(
      std::string(linkage_name.substr(0, linkage_name.find('.', 1))).c_str());
}

}  // namespace

SymbolTable::SymbolTable(std::shared_ptr<ElfFile> file, SymbolKind kind)
    : file_(std::move(file)), kind_(kind) {
  if (file_->symbols() != nullptr) Read(file_->symbols());
}

void SymbolTable::Read(Elf_Scn* section) {
  GElf_Shdr header;
  if (gelf_getshdr(section, &header) == nullptr || header.sh_entsize == 0) {
    return;
  }
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr) return;
  const size_t count =
      std::min<uint64_t>(data->d_size / header.sh_entsize, INT32_MAX);
  for (size_t i = 0; i < count; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
    if (!IsOfKind(symbol, kind_)) continue;
    const char* name = elf_strptr(file_->elf(), header.sh_link, symbol.st_name);
    if (name == nullptr || *name == '\0') continue;
    uint64_t high = symbol.st_value + symbol.st_size;
    if (high < symbol.st_value) high = UINT64_MAX;
    symbols_.push_back({symbol.st_value, high, name,
                        GELF_ST_BIND(symbol.st_info) == STB_LOCAL});
  }
  CloseUnsized();
}

// Of several names for one symbol the exported and shortest one is kept: it
// is the one people know ("pthread_create", not "__pthread_create_2_1").
void SymbolTable::CloseUnsized() {
  const auto key = [](const Symbol& s) {
    return std::make_tuple(s.low, s.local, std::string_view(s.name).size(),
                           std::string_view(s.name));
  };
  std::sort(symbols_.begin(), symbols_.end(),
            [&](const Symbol& a, const Symbol& b) { return key(a) < key(b); });
  const auto same = [](const Symbol& a, const Symbol& b) {
    return a.low == b.low;
  };
  symbols_.erase(std::unique(symbols_.begin(), symbols_.end(), same),
                 symbols_.end());
  for (size_t i = 0; i < symbols_.size(); ++i) {
    if (symbols_[i].high != symbols_[i].low) continue;
    const uint64_t bound = symbols_[i].low + kUnsizedBound;
    const uint64_t next =
        i + 1 < symbols_.size() ? symbols_[i + 1].low : UINT64_MAX;
    symbols_[i].high = std::min(std::max(bound, symbols_[i].low), next);
  }
}

std::string SymbolTable::Find(uint64_t address) const {
  auto at = std::upper_bound(
      symbols_.begin(), symbols_.end(), address,
      [](uint64_t value, const Symbol& symbol) { return value < symbol.low; });
  for (int i = 0; i < kMaxNested && at != symbols_.begin(); ++i) {
    --at;
    if (address >= at->high) continue;
    return kind_ == SymbolKind::kFunction ? FunctionName(at->name)
                                          : VariableName(at->name);
  }
  return "";
}

}  // namespace lockcheck::symbolize
