// How long does it take to turn 10,000 addresses into function, file, line and
// inlined calls? Opening the file and building the tables are included; the
// peers that are installed do the same work on the same addresses.
//
// Usage: symbols_bench [PROGRAM], default: symbols_subject beside this program.
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "lib/symbolize/symbolize.h"

namespace {

using lockcheck::log::Frame;
using lockcheck::log::Module;
using lockcheck::symbolize::SymbolizedFrame;
using lockcheck::symbolize::Symbolizer;

constexpr size_t kAddresses = 10'000;
constexpr int kRepeats = 5;

double Milliseconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now() - since)
      .count();
}

// Uniform over the program's .text.
std::vector<uint64_t> RandomAddresses(const std::string& program) {
  std::vector<uint64_t> addresses;
  elf_version(EV_CURRENT);
  const int fd = open(program.c_str(), O_RDONLY | O_CLOEXEC);
  Elf* elf = fd < 0 ? nullptr : elf_begin(fd, ELF_C_READ, nullptr);
  size_t names = 0;
  if (elf == nullptr || elf_getshdrstrndx(elf, &names) != 0) return addresses;
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    const char* name = elf_strptr(elf, names, header.sh_name);
    if (name == nullptr || std::string_view(name) != ".text") continue;
    std::mt19937_64 random(20220623);
    std::uniform_int_distribution<uint64_t> offset(0, header.sh_size - 1);
    for (size_t i = 0; i < kAddresses; ++i) {
      addresses.push_back(header.sh_addr + offset(random));
    }
  }
  elf_end(elf);
  close(fd);
  return addresses;
}

struct Answer {
  double ms = 0;
  size_t with_line = 0, frames = 0;
};

Answer LookUpAll(const std::string& program,
                 const std::vector<uint64_t>& addresses) {
  Answer answer;
  const auto start = std::chrono::steady_clock::now();
  Symbolizer symbolizer({Module{program, "", 0, 0}}, {});
  for (uint64_t address : addresses) {
    const SymbolizedFrame& frame = symbolizer.Find(Frame{0, address}, false);
    answer.frames += frame.frames.size();
    answer.with_line += !frame.frames.empty() && frame.frames[0].line > 0;
  }
  answer.ms = Milliseconds(start);
  return answer;
}

// Times `command` with the addresses on its standard input; < 0 if it is not
// installed or fails.
double Peer(const std::string& command, const std::string& addresses) {
  const std::string line =
      command + " < '" + addresses + "' > /dev/null 2> /dev/null";
  const auto start = std::chrono::steady_clock::now();
  const int status = std::system(line.c_str());
  return status == 0 ? Milliseconds(start) : -1;
}

void PrintPeer(const char* name, const std::string& command,
               const std::string& addresses) {
  double best = -1;
  for (int i = 0; i < kRepeats; ++i) {
    const double ms = Peer(command, addresses);
    if (ms >= 0 && (best < 0 || ms < best)) best = ms;
  }
  if (best < 0) {
    std::printf("%-18s not installed\n", name);
  } else {
    std::printf("%-18s %8.1f ms\n", name, best);
  }
}

}  // namespace

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::error_code error;
  const std::string program =
      argc > 1 ? argv[1]
               : (fs::read_symlink("/proc/self/exe", error).parent_path() /
                  "symbols_subject")
                     .string();
  const std::vector<uint64_t> addresses = RandomAddresses(program);
  if (addresses.empty()) {
    std::fprintf(stderr, "%s: not an ELF program; give the path of one\n",
                 program.c_str());
    return 1;
  }
  Answer best;
  for (int i = 0; i < kRepeats; ++i) {
    const Answer answer = LookUpAll(program, addresses);
    if (i == 0 || answer.ms < best.ms) best = answer;
  }
  std::printf("%zu addresses in %s (%.1f MB), best of %d\n", addresses.size(),
              fs::path(program).filename().c_str(),
              static_cast<double>(fs::file_size(program, error)) / 1e6,
              kRepeats);
  std::printf(
      "%-18s %8.1f ms  (%zu with a line, %.1f frames each)\n", "lockcheck",
      best.ms, best.with_line,
      static_cast<double>(best.frames) / static_cast<double>(addresses.size()));
  const fs::path list =
      fs::temp_directory_path() /
      ("lockcheck_symbols_" + std::to_string(getpid()) + ".txt");
  {
    std::ofstream out(list);
    for (uint64_t address : addresses)
      out << std::hex << "0x" << address << '\n';
  }
  const std::string quoted = " '" + program + "'";
  PrintPeer("addr2line -i", "addr2line -i -f -C -e" + quoted, list.string());
  PrintPeer("llvm-symbolizer", "llvm-symbolizer -e" + quoted, list.string());
  fs::remove(list, error);
  return 0;
}
