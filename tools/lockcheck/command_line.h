// From words on the command line to what is to be done, or to one line that
// says what is wrong and what was probably meant.
//
// Problem: help, docs and parsing must name the same options. The parser is
// built from one table (parser.h); help comes from it and a test compares
// docs/command.md with it.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_COMMAND_LINE_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_COMMAND_LINE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/report/fail_on.h"
#include "lib/report/folded.h"
#include "lib/report/names.h"
#include "tools/lockcheck/dump.h"
#include "tools/lockcheck/exit_status.h"

namespace lockcheck::tools {

enum class Command {
  kRun,
  kAnalyze,
  kStatus,
  kExport,
  kImport,
  kDump,
  kShm,
  kConfirm
};
enum class Colour { kAuto, kAlways, kNever };
enum class ExportForm { kDot, kFolded, kStd };

struct ShmOptions {
  bool clean = false;  // else list
  bool all = false, force = false;
  std::vector<std::string> names;  // which may have * and ?; none: all
};

// Everything the command line can say; each command reads its own part.
struct Options {
  Command command = Command::kAnalyze;
  // Files and folders; status: one LOG or PID; import: one trace.
  std::vector<std::string> logs;
  std::vector<std::string> symbols;
  Colour colour = Colour::kAuto;
  unsigned threads = 0;  // 0: one per core
  bool all = false;
  // run
  std::vector<std::string> program;  // and its arguments
  std::string log;  // pattern or folder; empty: kept only if there is a reason
  // run, analyze
  std::string json;  // empty: none; "-": standard output, instead of the text
  report::FailOn fail_on;
  analysis::Policy policy = analysis::Policy::kDeadlock;
  bool classes = false;
  size_t top = 10;
  std::optional<analysis::Verdict> only;
  uint32_t actor = 0;  // with `only`; 0: any
  const report::Column* sort = nullptr;
  std::string suppressions;
  std::string baseline, write_baseline;  // files; empty: none
  std::string known;  // analyze: a file that is read and written; empty: none
  int error_exitcode = kExitFindings;
  // confirm
  std::string finding;  // its id, or how that begins
  uint32_t attempts = 10;
  uint32_t time_limit = 60;  // seconds, for each
  // export; import has only `output`, a file
  ExportForm form = ExportForm::kDot;
  report::FoldedBy by = report::FoldedBy::kSuffered;
  std::string output;  // empty or "-": standard output
  DumpOptions dump;
  ShmOptions shm;
};

struct Parsed {
  bool run = false;  // `options` says what; else print and leave
  Options options;
  std::string text;   // help or version, for standard output
  std::string error;  // one line, for standard error; exit status 2
};

// `words` without the program's name.
Parsed ParseCommandLine(std::vector<std::string> words);

// Every command and the options it has ("--json"), --help left out.
std::vector<std::pair<std::string, std::vector<std::string>>> AllOptions();

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_COMMAND_LINE_H_
