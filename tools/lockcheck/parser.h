// The commands, their options and their help texts: the table from which the
// parser is built.
//
// Problem: CLI11 sorts words into options well and understands some of them
// badly, so numbers and logs are taken from it and all else as words, which
// command_line.cc understands. Not thread-safe.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_PARSER_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_PARSER_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "tools/lockcheck/command_line.h"

namespace lockcheck::tools {

// Words that still have to be understood after CLI11 has sorted them.
struct RawWords {
  std::string fail_on, policy = "deadlock", sort = "wait_total",
                       colour = "auto", form, only, by = "suffered";
  std::optional<std::string> error_exitcode;  // without: the command's own
  bool version = false;
};

struct CommandRow {
  Command command;
  const char* name;
  const char* purpose;
  const char* examples;
};
std::span<const CommandRow> Commands();

// Parsing fills `options` and `raw`, which must outlive the parser.
std::unique_ptr<CLI::App> MakeParser(Options& options, RawWords& raw);

// "--json", "-o"; positional arguments left out.
std::vector<std::string> OptionNames(const CLI::App& app);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_PARSER_H_
