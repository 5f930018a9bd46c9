#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "tools/lockcheck/command_line.h"
#include "tools/lockcheck/commands.h"
#include "tools/lockcheck/dump.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/inputs.h"
#include "tools/lockcheck/lost_pages.h"
#include "tools/lockcheck/output.h"

namespace {

using namespace lockcheck::tools;

int Main(const std::vector<std::string>& words) {
  Parsed parsed = ParseCommandLine(words);
  if (!parsed.error.empty()) {
    fmt::print(stderr, "{}\n", parsed.error);
    return kExitUsage;
  }
  if (!parsed.run) {
    const absl::Status status = WriteToStandardOutput(parsed.text);
    if (status.ok()) return kExitOk;
    Complain(std::string(status.message()));
    return kExitFile;
  }
  if (const auto folders = CheckFolders(parsed.options.symbols);
      !folders.ok()) {
    Complain(std::string(folders.message()));
    return kExitUsage;
  }
  switch (parsed.options.command) {
    case Command::kRun:
      return RunRun(std::move(parsed.options));
    case Command::kAnalyze:
      return RunAnalyze(std::move(parsed.options));
    case Command::kStatus:
      return RunStatus(parsed.options);
    case Command::kExport:
      return RunExport(parsed.options);
    case Command::kImport:
      return RunImport(parsed.options);
    case Command::kDump:
      return RunDump(parsed.options.logs[0], parsed.options.dump, stdout);
    case Command::kShm:
      return RunShm(parsed.options);
    case Command::kConfirm:
      return RunConfirm(parsed.options);
  }
  return kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  PrepareStandardStreams();
  SurviveLostPages();
  try {
    const int status = Main({argv + 1, argv + argc});
    if (!PagesWereLost()) return status;
    Complain(
        "a part of the log could not be read: it was cut meanwhile, or its "
        "file system is full; copy it elsewhere and read the copy");
    return kExitFile;
  } catch (const std::bad_alloc&) {  // on a damaged log, or under a limit
    Complain("memory ran out; let it have more");
    return kExitFile;
  } catch (const std::exception& error) {
    Complain(error.what());
    return kExitFile;
  }
}
