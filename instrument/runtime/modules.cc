#include "instrument/runtime/modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "instrument/runtime/live.h"
#include "instrument/runtime/maps.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"

namespace lockcheck::runtime {
namespace {

struct Range {
  uintptr_t begin, end;
};

struct Module {
  uintptr_t begin, end;  // mapped
  uintptr_t base;        // link_map::l_addr
  const void* identity;  // tells a module from another at the same addresses
  uint32_t id;
  const Range* wrappers;
  size_t wrapper_count;
  Module* next;
};

std::atomic<Module*> g_modules{nullptr};

// std's guards and lock functions, mangled. Only instantiations over our types
// count: a user's callable inside std::thread's machinery is no wrapper.
constexpr const char* kWrapperPrefixes[] = {
    "_ZNSt10lock_guardI",
    "_ZNSt11unique_lockI",
    "_ZNSt11scoped_lockI",
    "_ZNSt11shared_lockI",
    "_ZSt4lockI",
    "_ZSt8try_lockI",
    "_ZSt10__try_lock",
    "_ZNSt8__detail15__try_lock_impl",
    "_ZNSt8__detail11__lock_impl",
    "_ZNSt8__detail17__try_lock_",
    "_ZNSt3_V222condition_variable_any",
};

bool IsWrapperName(const char* name) {
  for (const char* prefix : kWrapperPrefixes) {
    if (strncmp(name, prefix, strlen(prefix)) == 0) {
      return strstr(name, "9lockcheck") != nullptr;
    }
  }
  return false;
}

// A file of the file system, mapped for reading.
class MappedFile {
 public:
  explicit MappedFile(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct stat info;
    if (fstat(fd, &info) == 0 && info.st_size > 0) {
      size_ = static_cast<size_t>(info.st_size);
      void* const data = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
      if (data != MAP_FAILED) data_ = static_cast<const char*>(data);
    }
    close(fd);
  }
  ~MappedFile() {
    if (data_ != nullptr) munmap(const_cast<char*>(data_), size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // `count` objects at `offset`; null if they do not lie in the file.
  template <typename T>
  const T* At(uint64_t offset, uint64_t count) const {
    if (data_ == nullptr || offset > size_ ||
        count > (size_ - offset) / sizeof(T) || offset % alignof(T) != 0) {
      return nullptr;
    }
    return reinterpret_cast<const T*>(data_ + offset);
  }

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
};

// Calls act(name, symbol) for each function in the module's symbol table.
template <typename Act>
void ForEachFunction(const MappedFile& file, Act act) {
  const auto* elf = file.At<Elf64_Ehdr>(0, 1);
  if (elf == nullptr || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 ||
      elf->e_shentsize != sizeof(Elf64_Shdr)) {
    return;
  }
  const auto* sections = file.At<Elf64_Shdr>(elf->e_shoff, elf->e_shnum);
  if (sections == nullptr) return;
  for (size_t i = 0; i < elf->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB ||
        sections[i].sh_link >= elf->e_shnum) {
      continue;
    }
    const Elf64_Shdr& text = sections[sections[i].sh_link];
    const size_t count = sections[i].sh_size / sizeof(Elf64_Sym);
    const auto* symbols = file.At<Elf64_Sym>(sections[i].sh_offset, count);
    const char* names = file.At<char>(text.sh_offset, text.sh_size);
    if (symbols == nullptr || names == nullptr || text.sh_size == 0 ||
        names[text.sh_size - 1] != 0) {
      continue;
    }
    for (size_t k = 0; k < count; ++k) {
      if (ELF64_ST_TYPE(symbols[k].st_info) == STT_FUNC &&
          symbols[k].st_size != 0 && symbols[k].st_name < text.sh_size) {
        act(names + symbols[k].st_name, symbols[k]);
      }
    }
  }
}

void FindWrappers(const char* path, Module& module) {
  const MappedFile file(path);
  size_t count = 0;
  ForEachFunction(file, [&](const char* name, const Elf64_Sym&) {
    count += IsWrapperName(name);
  });
  if (count == 0) return;
  auto* ranges = static_cast<Range*>(ArenaAllocate(count * sizeof(Range)));
  if (ranges == nullptr) return;
  size_t n = 0;
  ForEachFunction(file, [&](const char* name, const Elf64_Sym& symbol) {
    if (n < count && IsWrapperName(name)) {
      const uintptr_t begin = module.base + symbol.st_value;
      ranges[n++] = {begin, begin + symbol.st_size};
    }
  });
  std::sort(ranges, ranges + n,
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  module.wrappers = ranges;
  module.wrapper_count = n;
}

// The module's file, in `path` if need be. What was opened by a relative path
// ("./plugin.so") is told by the kernel instead: the program may have gone to
// another folder since, and whoever reads the log is in yet another.
const char* PathOf(const dl_find_object& module, char (&path)[kMaxPath]) {
  const char* const name = module.dlfo_link_map->l_name;
  if (name == nullptr || name[0] == 0) {
    const ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[n < 0 ? 0 : n] = 0;
    return path;
  }
  if (name[0] == '/' || strchr(name, '/') == nullptr) return name;
  MappedPath(module.dlfo_map_start, path);
  return path[0] != 0 ? path : name;
}

struct BuildId {
  const char* bytes = "";
  size_t size = 0;
};

// From the notes in the mapped image.
BuildId BuildIdOf(const Module& module) {
  const auto* elf = reinterpret_cast<const Elf64_Ehdr*>(module.begin);
  if (memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0) return {};
  const auto* segments =
      reinterpret_cast<const Elf64_Phdr*>(module.begin + elf->e_phoff);
  for (size_t i = 0; i < elf->e_phnum; ++i) {
    if (segments[i].p_type != PT_NOTE) continue;
    uintptr_t note = module.base + segments[i].p_vaddr;
    const uintptr_t end = note + segments[i].p_memsz;
    if (note < module.begin || end > module.end) continue;
    while (note + sizeof(Elf64_Nhdr) <= end) {
      const auto* head = reinterpret_cast<const Elf64_Nhdr*>(note);
      const uintptr_t name = note + sizeof(*head);
      const uintptr_t bytes = name + (head->n_namesz + 3) / 4 * 4;
      note = bytes + (head->n_descsz + 3) / 4 * 4;
      if (note > end) break;
      if (head->n_type == NT_GNU_BUILD_ID && head->n_namesz == 4 &&
          memcmp(reinterpret_cast<const char*>(name), "GNU", 4) == 0) {
        return {reinterpret_cast<const char*>(bytes), head->n_descsz};
      }
    }
  }
  return {};
}

Module* Describe(Thread* t, const dl_find_object& found) {
  auto* module = static_cast<Module*>(ArenaAllocate(sizeof(Module)));
  if (module == nullptr) return nullptr;
  *module = {};
  module->begin = reinterpret_cast<uintptr_t>(found.dlfo_map_start);
  module->end = reinterpret_cast<uintptr_t>(found.dlfo_map_end);
  module->base = found.dlfo_link_map->l_addr;
  module->identity = found.dlfo_eh_frame;
  module->id = NewId(&log::FileHeader::next_module);
  char path[kMaxPath];
  const char* const name = PathOf(found, path);
  const BuildId build_id = BuildIdOf(*module);
  const size_t words = 16 + (build_id.size + strlen(name)) / 4;
  const Keep keep(t);
  Record r = Begin(t, words);
  r.Word(module->id).U64(module->base).U64(module->end - module->base);
  r.Text(build_id.bytes, build_id.size).Text(name);
  r.End(log::Op::kDefModule);
  FindWrappers(name, *module);
  module->next = g_modules.load(std::memory_order_relaxed);
  while (!g_modules.compare_exchange_weak(module->next, module,
                                          std::memory_order_release)) {
  }
  return module;
}

Module* ModuleOf(Thread* t, const void* address) {
  dl_find_object found;
  if (_dl_find_object(const_cast<void*>(address), &found) != 0) return nullptr;
  const auto begin = reinterpret_cast<uintptr_t>(found.dlfo_map_start);
  // Newest first: after a dlclose another module may lie at the same place.
  for (Module* m = g_modules.load(std::memory_order_acquire); m != nullptr;
       m = m->next) {
    if (m->begin != begin) continue;
    if (m->identity == found.dlfo_eh_frame &&
        m->base == found.dlfo_link_map->l_addr &&
        m->end == reinterpret_cast<uintptr_t>(found.dlfo_map_end)) {
      return m;
    }
    break;
  }
  return Describe(t, found);
}

}  // namespace

uint64_t FrameOf(Thread* t, const void* address) {
  const auto value = reinterpret_cast<uintptr_t>(address);
  const Module* const module = ModuleOf(t, address);
  // A log with more than 65,535 modules has absolute addresses for the rest.
  if (module == nullptr || module->id > 0xffff) return log::PackFrame(0, value);
  return log::PackFrame(module->id, value - module->base);
}

bool InWrapper(Thread* t, const void* address) {
  const auto value = reinterpret_cast<uintptr_t>(address);
  const Module* const module = ModuleOf(t, address);
  if (module == nullptr || module->wrapper_count == 0) return false;
  const Range* const end = module->wrappers + module->wrapper_count;
  const Range* after = std::upper_bound(
      module->wrappers, end, value,
      [](uintptr_t v, const Range& range) { return v < range.begin; });
  return after != module->wrappers && value < (after - 1)->end;
}

namespace {

// "_ZN4bank8TransferEi" is bank::Transfer, and "_ZZN4bank8TransferEiE..." is
// something in it. Not the names of templates, operators and the like:
// __cxa_demangle knows them all, but allocates.
bool SaySimpleName(Message& m, const char* linked) {
  if (strncmp(linked, "_Z", 2) != 0) {
    m << linked;
    return true;
  }
  const char* p = linked + 2;
  const bool inside = *p == 'Z';
  while (*p == 'Z') ++p;
  const bool nested = *p == 'N';
  if (nested) ++p;
  if (nested && *p == 'K') ++p;
  if (*p == 'L') ++p;
  const char* parts[16];
  size_t sizes[16], n = 0;
  while (*p >= '1' && *p <= '9') {
    char* after;
    const size_t size = strtoul(p, &after, 10);
    if (n == 16 || strnlen(after, size) < size) return false;
    parts[n] = after;
    sizes[n++] = size;
    p = after + size;
    if (!nested) break;
  }
  if (n == 0 || (nested && *p != 'E') || *p == 'I') return false;
  for (size_t i = 0; i < n; ++i) {
    if (i != 0) m << "::";
    if (strncmp(parts[i], "_GLOBAL__N_", 11) == 0) {
      m << "(anonymous namespace)";
    } else {
      m.Bytes(parts[i], sizes[i]);
    }
  }
  if (inside) m << "::{lambda}";
  return true;
}

}  // namespace

bool InSameModule(const void* one, const void* other) {
  dl_find_object a, b;
  return _dl_find_object(const_cast<void*>(one), &a) == 0 &&
         _dl_find_object(const_cast<void*>(other), &b) == 0 &&
         a.dlfo_map_start == b.dlfo_map_start;
}

bool PlaceOf(const void* address, char* module, size_t size, uint64_t* offset) {
  dl_find_object found;
  if (_dl_find_object(const_cast<void*>(address), &found) != 0) return false;
  char path[kMaxPath];
  const char* const name = PathOf(found, path);
  const char* const slash = strrchr(name, '/');
  const char* const last = slash == nullptr ? name : slash + 1;
  const size_t length = std::min(strlen(last), size - 1);
  memcpy(module, last, length);
  module[length] = 0;
  *offset = reinterpret_cast<uintptr_t>(address) - found.dlfo_link_map->l_addr;
  return true;
}

void NameFunction(Message& m, const void* address) {
  const auto value = reinterpret_cast<uintptr_t>(address);
  dl_find_object found;
  if (_dl_find_object(const_cast<void*>(address), &found) != 0) {
    m.Hex(value);
    return;
  }
  char path[kMaxPath];
  const char* const name = PathOf(found, path);
  const uintptr_t offset = value - found.dlfo_link_map->l_addr;
  const MappedFile file(name);
  const char* function = nullptr;
  uintptr_t begin = 0;
  ForEachFunction(file, [&](const char* f, const Elf64_Sym& symbol) {
    if (offset - symbol.st_value >= symbol.st_size) return;
    function = f;
    begin = symbol.st_value;
  });
  if (function != nullptr && SaySimpleName(m, function)) {
    (m << "+").Hex(offset - begin) << " ";
  }
  const char* const slash = strrchr(name, '/');
  (m << "(" << (slash == nullptr ? name : slash + 1) << "+").Hex(offset) << ")";
}

}  // namespace lockcheck::runtime
