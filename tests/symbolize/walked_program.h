// Runs one of the programs built from programs/walk.cc and reads what it says
// about itself.
#ifndef LOCKCHECK_TESTS_SYMBOLIZE_WALKED_PROGRAM_H_
#define LOCKCHECK_TESTS_SYMBOLIZE_WALKED_PROGRAM_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "lib/log/recording.h"
#include "lib/symbolize/elf_file.h"

namespace lockcheck::symbolize {

struct Expected {
  std::string function;  // a pattern: '*' stands for anything
  int line = 0;
};

struct WalkedChain {
  uint64_t offset = 0;
  bool is_return = false;
  std::vector<Expected> frames;  // innermost first
};

struct WalkedUser {
  uint64_t offset = 0, return_offset = 0;
  Expected user;
};

struct WalkedProgram {
  std::vector<WalkedChain> chains;
  std::vector<WalkedUser> users;
};

inline std::string ProgramPath(const std::string& name) {
  return std::string(SYMBOLIZE_PROGRAMS) + "/" + name;
}

inline log::Module RecordedModule(const std::string& path) {
  auto file = ElfFile::Open(path);
  return {path, file.ok() ? (*file)->build_id() : "", 0, 0};
}

inline Expected ParseExpected(const std::string& text) {
  const size_t colon = text.rfind(':');
  return {text.substr(0, colon), std::stoi(text.substr(colon + 1))};
}

inline WalkedProgram RunProgram(const std::string& path) {
  WalkedProgram walked;
  FILE* pipe = popen(("'" + path + "'").c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << path << " does not start";
    return walked;
  }
  char buffer[4096];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) {
    std::istringstream line(buffer);
    std::string kind, rest;
    uint64_t first = 0, second = 0;
    line >> kind >> std::hex >> first >> second >> std::ws;
    std::getline(line, rest);
    if (kind == "user") {
      walked.users.push_back({first, second, ParseExpected(rest)});
      continue;
    }
    WalkedChain chain{first, second != 0, {}};
    std::istringstream frames(rest);
    for (std::string frame; std::getline(frames, frame, '|');) {
      chain.frames.push_back(ParseExpected(frame));
    }
    walked.chains.push_back(std::move(chain));
  }
  EXPECT_EQ(pclose(pipe), 0) << path;
  return walked;
}

}  // namespace lockcheck::symbolize

#endif  // LOCKCHECK_TESTS_SYMBOLIZE_WALKED_PROGRAM_H_
