#include "lib/symbolize/elf_file.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

namespace lockcheck::symbolize {
namespace {

std::string Hex(const unsigned char* bytes, size_t count) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (size_t i = 0; i < count; ++i) {
    hex.push_back(kDigits[bytes[i] >> 4]);
    hex.push_back(kDigits[bytes[i] & 15]);
  }
  return hex;
}

absl::Status OpenError() {
  const char* reason = std::strerror(errno);
  if (errno == EACCES || errno == EPERM) {
    return absl::PermissionDeniedError(reason);
  }
  return absl::NotFoundError(reason);
}

}  // namespace

absl::StatusOr<std::shared_ptr<ElfFile>> ElfFile::Open(
    const std::string& path) {
  // O_NONBLOCK: opening a pipe that has this name must not wait for a writer.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return OpenError();
  std::shared_ptr<ElfFile> file(new ElfFile(path, fd));
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return absl::InvalidArgumentError("not a regular file");
  }
  elf_version(EV_CURRENT);
  file->elf_ = elf_begin(fd, ELF_C_READ, nullptr);
  if (file->elf_ == nullptr || elf_kind(file->elf_) != ELF_K_ELF) {
    return absl::InvalidArgumentError("not an ELF file, or a damaged one");
  }
  file->ReadIdentity();
  file->ReadSections();
  file->ReadSegments();
  return file;
}

ElfFile::~ElfFile() {
  if (elf_ != nullptr) elf_end(elf_);
  close(fd_);
}

void ElfFile::ReadIdentity() {
  const void* bits = nullptr;
  const ssize_t size = dwelf_elf_gnu_build_id(elf_, &bits);
  if (size > 0) {
    build_id_ =
        Hex(static_cast<const unsigned char*>(bits), static_cast<size_t>(size));
  }
  GElf_Word crc = 0;
  if (const char* link = dwelf_elf_gnu_debuglink(elf_, &crc)) {
    debug_link_ = link;
    debug_link_crc_ = crc;
  }
}

void ElfFile::ReadSections() {
  size_t names = 0;
  const bool named = elf_getshdrstrndx(elf_, &names) == 0;
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf_, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type == SHT_NOBITS) continue;
    if (header.sh_type == SHT_SYMTAB) {
      symbols_ = section;
      full_symbols_ = true;
    } else if (header.sh_type == SHT_DYNSYM && !full_symbols_) {
      symbols_ = section;
    }
    const char* name =
        named ? elf_strptr(elf_, names, header.sh_name) : nullptr;
    if (name == nullptr) continue;
    const std::string_view view = name;
    if (view == ".debug_info" || view == ".zdebug_info") has_debug_info_ = true;
  }
}

void ElfFile::ReadSegments() {
  size_t count = 0;
  if (elf_getphdrnum(elf_, &count) != 0) return;
  bool any = false;
  for (size_t i = 0; i < std::min<size_t>(count, 65536); ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(elf_, static_cast<int>(i), &header) == nullptr) return;
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    lowest_code_ =
        any ? std::min(lowest_code_, header.p_vaddr) : header.p_vaddr;
    any = true;
  }
}

uint32_t ElfFile::Crc() const {
  std::vector<unsigned char> buffer(1 << 16);
  uLong crc = crc32(0, nullptr, 0);
  off_t at = 0;
  while (true) {
    const ssize_t got = pread(fd_, buffer.data(), buffer.size(), at);
    if (got <= 0) return static_cast<uint32_t>(crc);
    crc = crc32(crc, buffer.data(), static_cast<uInt>(got));
    at += got;
  }
}

}  // namespace lockcheck::symbolize
