#include "lib/symbolize/symbolize.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/symbolize/dwarf_table.h"
#include "lib/symbolize/symbol_files.h"
#include "lib/symbolize/symbol_table.h"

namespace lockcheck::symbolize {
namespace {

// What is known about one module, opened at its first look-up.
struct ModuleSymbols {
  std::unique_ptr<DwarfTable> dwarf;
  std::unique_ptr<SymbolTable> functions;
  std::unique_ptr<SymbolTable> variables;  // made when one is asked for
  std::shared_ptr<ElfFile> symbols;
};

std::string FileName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

struct Symbolizer::Impl {
  using Key = std::tuple<uint32_t, uint64_t, bool>;

  Impl(const std::vector<log::Module>& recorded,
       std::vector<std::string> symbol_dirs)
      : modules(recorded),
        finder(std::move(symbol_dirs)),
        opened(modules.size()) {
    FindSame();
  }

  // Each process of a tree has recorded the files that it runs: they are opened
  // once.
  void FindSame() {
    absl::flat_hash_map<std::pair<std::string_view, std::string_view>, uint32_t>
        first;
    same.reserve(modules.size());
    for (uint32_t i = 0; i < modules.size(); ++i) {
      const auto file = std::make_pair(std::string_view(modules[i].path),
                                       std::string_view(modules[i].build_id));
      same.push_back(first.try_emplace(file, i).first->second);
    }
  }

  ModuleSymbols& Open(uint32_t index) {
    std::unique_ptr<ModuleSymbols>& slot = opened[same[index]];
    if (slot != nullptr) return *slot;
    slot = std::make_unique<ModuleSymbols>();
    SymbolFiles files = finder.Find(modules[index]);
    if (files.debug != nullptr) {
      slot->dwarf = DwarfTable::Open(files.debug);
      if (slot->dwarf == nullptr && files.warning.empty()) {
        files.warning = files.debug->path() +
                        ": its debug information is damaged; build it again, "
                        "or give the folder of a whole copy with --symbols DIR";
      }
    }
    if (files.symbols != nullptr) {
      slot->symbols = files.symbols;
      slot->functions =
          std::make_unique<SymbolTable>(files.symbols, SymbolKind::kFunction);
    }
    // A file that was built again meanwhile is two, with one warning.
    if (!files.warning.empty() && std::find(warnings.begin(), warnings.end(),
                                            files.warning) == warnings.end()) {
      warnings.push_back(std::move(files.warning));
    }
    return *slot;
  }

  SymbolizedFrame LookUp(const log::Frame& frame, bool is_return_address) {
    SymbolizedFrame result;
    result.offset = frame.offset;
    if (frame.module >= modules.size()) return result;
    result.module = FileName(modules[frame.module].path);
    ModuleSymbols& module = Open(frame.module);
    // The byte before a return address belongs to the call.
    const uint64_t address =
        frame.offset - (is_return_address && frame.offset != 0 ? 1 : 0);
    if (module.dwarf != nullptr) result.frames = module.dwarf->Find(address);
    const bool named =
        !result.frames.empty() && !result.frames.back().function.empty();
    if (named || module.functions == nullptr) return result;
    std::string function = module.functions->Find(address);
    if (function.empty()) return result;
    if (result.frames.empty()) result.frames.emplace_back();
    result.frames.back().function = std::move(function);
    return result;
  }

  std::string VariableAt(const log::Frame& frame) {
    if (frame.module >= modules.size()) return "";
    ModuleSymbols& module = Open(frame.module);
    if (module.symbols == nullptr) return "";
    if (module.variables == nullptr) {
      module.variables =
          std::make_unique<SymbolTable>(module.symbols, SymbolKind::kVariable);
    }
    return module.variables->Find(frame.offset);
  }

  const std::vector<log::Module> modules;
  std::vector<uint32_t> same;  // the first module of the same file
  SymbolFileFinder finder;
  std::vector<std::unique_ptr<ModuleSymbols>> opened;
  absl::flat_hash_map<Key, std::unique_ptr<SymbolizedFrame>> cache;
  std::vector<std::string> warnings;
};

Symbolizer::Symbolizer(const std::vector<log::Module>& modules,
                       std::vector<std::string> symbol_dirs)
    : impl_(std::make_unique<Impl>(modules, std::move(symbol_dirs))) {}

Symbolizer::~Symbolizer() = default;

const SymbolizedFrame& Symbolizer::Find(const log::Frame& frame,
                                        bool is_return_address) {
  std::unique_ptr<SymbolizedFrame>& slot =
      impl_->cache[{frame.module, frame.offset, is_return_address}];
  if (slot == nullptr) {
    slot = std::make_unique<SymbolizedFrame>(
        impl_->LookUp(frame, is_return_address));
  }
  return *slot;
}

std::string Symbolizer::FindVariable(const log::Frame& frame) {
  return impl_->VariableAt(frame);
}

const std::vector<std::string>& Symbolizer::warnings() const {
  return impl_->warnings;
}

}  // namespace lockcheck::symbolize
