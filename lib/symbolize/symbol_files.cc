#include "lib/symbolize/symbol_files.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lockcheck::symbolize {
namespace {

namespace fs = std::filesystem;

// Bounds on what a symbol folder may make us read: someone will give "/".
constexpr size_t kMaxIndexedFiles = 100'000;
constexpr int kMaxFolderDepth = 16;

constexpr char kMendWithFolder[] =
    "give the folder of the recorded file with --symbols DIR";

bool Enough(const SymbolFiles& found) {
  return found.debug != nullptr && found.symbols != nullptr &&
         found.symbols->has_full_symbols();
}

void Take(const std::shared_ptr<ElfFile>& file, SymbolFiles* found) {
  if (found->debug == nullptr && file->has_debug_info()) found->debug = file;
  if (!file->has_symbols()) return;
  const bool better =
      found->symbols == nullptr ||
      (!found->symbols->has_full_symbols() && file->has_full_symbols());
  if (better) found->symbols = file;
}

bool TakeIfSame(const std::string& path, const std::string& build_id,
                SymbolFiles* found) {
  auto file = ElfFile::Open(path);
  if (!file.ok() || (*file)->build_id() != build_id) return false;
  Take(*file, found);
  return true;
}

std::string BuildIdPath(const std::string& folder, const std::string& id) {
  return absl::StrCat(folder, "/.build-id/", id.substr(0, 2), "/", id.substr(2),
                      ".debug");
}

// The distribution's libraries come without debug information; a warning for
// each of them would hide the ones that matter. The kernel's vdso is no file.
bool IsSystemLibrary(const std::string& path) {
  return absl::StartsWith(path, "/lib") || absl::StartsWith(path, "/usr/lib");
}
bool IsVirtual(const std::string& path) {
  return path.empty() || path[0] == '[' ||
         absl::StrContains(path, "linux-vdso") ||
         absl::StrContains(path, "linux-gate");
}

}  // namespace

SymbolFileFinder::SymbolFileFinder(std::vector<std::string> symbol_dirs,
                                   std::string system_debug_dir)
    : symbol_dirs_(std::move(symbol_dirs)),
      system_debug_dir_(std::move(system_debug_dir)) {}

SymbolFiles SymbolFileFinder::Find(const log::Module& module) {
  SymbolFiles found;
  if (IsVirtual(module.path) && module.build_id.empty()) return found;
  AddFromSymbolDirs(module.build_id, &found);
  if (Enough(found)) return found;
  const std::string refusal = AddFromPath(module, &found);
  if (!Enough(found)) AddFromSystem(module.build_id, &found);
  const std::shared_ptr<ElfFile> main = found.symbols;
  if (found.debug == nullptr && main != nullptr) {
    AddFromDebugLink(*main, &found);
  }
  if (found.debug == nullptr && found.symbols == nullptr) {
    if (!IsVirtual(module.path)) found.warning = refusal;
  } else if (found.debug == nullptr) {
    if (!IsSystemLibrary(module.path)) {
      found.warning = absl::StrCat(
          module.path,
          ": has no debug information, so files and lines are missing; compile "
          "with -g, or give the folder of its .debug file with --symbols DIR");
    }
  } else if (module.build_id.empty()) {
    found.warning = absl::StrCat(
        module.path,
        ": was recorded without a build-id, so lines are wrong if it has been "
        "built again since; link it with -Wl,--build-id");
  }
  return found;
}

void SymbolFileFinder::AddFromSymbolDirs(const std::string& build_id,
                                         SymbolFiles* found) {
  if (symbol_dirs_.empty() || build_id.empty()) return;
  for (const std::string& folder : symbol_dirs_) {
    if (build_id.size() > 2) {
      TakeIfSame(BuildIdPath(folder, build_id), build_id, found);
    }
    if (Enough(*found)) return;
  }
  IndexSymbolDirs();
  const auto same = by_build_id_.find(build_id);
  if (same == by_build_id_.end()) return;
  for (const std::string& path : same->second) {
    TakeIfSame(path, build_id, found);
    if (Enough(*found)) return;
  }
}

std::string SymbolFileFinder::AddFromPath(const log::Module& module,
                                          SymbolFiles* found) {
  auto file = ElfFile::Open(module.path);
  if (!file.ok()) {
    return absl::StrCat(
        module.path, ": ", file.status().message(),
        "; its frames show as module+offset: ", kMendWithFolder);
  }
  if (!module.build_id.empty() && (*file)->build_id() != module.build_id) {
    return absl::StrCat(
        module.path, ": is not the file that was recorded (build-id ",
        (*file)->build_id().empty() ? "none" : (*file)->build_id(),
        ", recorded ", module.build_id, "), it was built again; ",
        kMendWithFolder);
  }
  Take(*file, found);
  if ((*file)->has_symbols() || (*file)->has_debug_info()) return "";
  AddFromDebugLink(**file, found);
  return absl::StrCat(
      module.path,
      ": has neither debug information nor symbols; compile with -g, or give "
      "the folder of its .debug file with --symbols DIR");
}

void SymbolFileFinder::AddFromSystem(const std::string& build_id,
                                     SymbolFiles* found) {
  if (build_id.size() <= 2) return;
  TakeIfSame(BuildIdPath(system_debug_dir_, build_id), build_id, found);
}

void SymbolFileFinder::AddFromDebugLink(const ElfFile& file,
                                        SymbolFiles* found) {
  const std::string& name = file.debug_link();
  if (name.empty() || absl::StrContains(name, "/")) return;
  std::error_code error;
  const std::string folder =
      fs::absolute(file.path(), error).parent_path().string();
  if (error) return;
  for (const std::string& path :
       {absl::StrCat(folder, "/", name), absl::StrCat(folder, "/.debug/", name),
        absl::StrCat(system_debug_dir_, folder, "/", name)}) {
    auto debug = ElfFile::Open(path);
    if (!debug.ok()) continue;
    const bool same = file.build_id().empty() || (*debug)->build_id().empty()
                          ? (*debug)->Crc() == file.debug_link_crc()
                          : (*debug)->build_id() == file.build_id();
    if (!same) continue;
    Take(*debug, found);
    if (found->debug != nullptr) return;
  }
}

void SymbolFileFinder::IndexSymbolDirs() {
  if (std::exchange(indexed_, true)) return;
  size_t files = 0;
  for (const std::string& folder : symbol_dirs_) {
    std::error_code error;
    fs::recursive_directory_iterator entry(
        folder, fs::directory_options::skip_permission_denied, error);
    while (!error && entry != fs::recursive_directory_iterator()) {
      if (entry.depth() >= kMaxFolderDepth) entry.disable_recursion_pending();
      std::error_code ignored;
      if (entry->is_regular_file(ignored)) {
        if (++files > kMaxIndexedFiles) return;
        auto file = ElfFile::Open(entry->path().string());
        if (file.ok() && !(*file)->build_id().empty()) {
          by_build_id_[(*file)->build_id()].push_back(entry->path().string());
        }
      }
      entry.increment(error);
    }
  }
  for (auto& [id, paths] : by_build_id_) std::sort(paths.begin(), paths.end());
}

}  // namespace lockcheck::symbolize
