// One ELF file, open for reading: who it is and what it can tell.
//
// Files are read with pread, not mapped, so that a file that is truncated while
// it is being read is an error and not a signal. Sections are read when needed.
// Not thread-safe.
#ifndef LOCKCHECK_LIB_SYMBOLIZE_ELF_FILE_H_
#define LOCKCHECK_LIB_SYMBOLIZE_ELF_FILE_H_

#include <elfutils/libdw.h>
#include <libelf.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace lockcheck::symbolize {

class ElfFile {
 public:
  // Errors: NotFound, PermissionDenied; InvalidArgument for what is no ELF
  // file. The message is the reason alone.
  static absl::StatusOr<std::shared_ptr<ElfFile>> Open(const std::string& path);
  ~ElfFile();
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  const std::string& path() const { return path_; }
  Elf* elf() const { return elf_; }
  // Lower-case hex; empty if it has none.
  const std::string& build_id() const { return build_id_; }
  bool has_debug_info() const { return has_debug_info_; }
  bool has_symbols() const { return symbols_ != nullptr; }
  bool has_full_symbols() const { return full_symbols_; }
  // .symtab, else .dynsym, else null.
  Elf_Scn* symbols() const { return symbols_; }
  // Lowest address of executable code; 0 if not known. Ranges below it are what
  // is left of functions that the linker dropped.
  uint64_t lowest_code() const { return lowest_code_; }
  // .gnu_debuglink: the name of the file with the debug information, and that
  // file's CRC-32. Empty if there is none.
  const std::string& debug_link() const { return debug_link_; }
  uint32_t debug_link_crc() const { return debug_link_crc_; }
  // CRC-32 of the whole file, as in another file's .gnu_debuglink.
  uint32_t Crc() const;

 private:
  ElfFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  void ReadIdentity();
  void ReadSections();
  void ReadSegments();

  std::string path_;
  int fd_;
  Elf* elf_ = nullptr;
  std::string build_id_;
  bool has_debug_info_ = false;
  bool full_symbols_ = false;
  Elf_Scn* symbols_ = nullptr;
  uint64_t lowest_code_ = 0;
  std::string debug_link_;
  uint32_t debug_link_crc_ = 0;
};

}  // namespace lockcheck::symbolize

#endif  // LOCKCHECK_LIB_SYMBOLIZE_ELF_FILE_H_
