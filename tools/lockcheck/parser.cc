#include "tools/lockcheck/parser.h"

#include <charconv>
#include <string_view>
#include <system_error>

#include "fmt/format.h"
#include "lib/report/layout.h"

namespace lockcheck::tools {
namespace {

constexpr CommandRow kCommands[] = {
    {Command::kRun, "run", "Run a program, record its locks, and judge the log",
     R"(Examples:
  lockcheck run -- ./server --port 8080
  lockcheck run --log logs/ -- ctest --output-on-failure
  lockcheck run --log run.log --json report.json -- ./server

The program is one that is built with lockcheck's locks, or starts such. It has
the standard streams; the report goes to standard error when it has ended.

Exit status: the program's own (128 + n for signal n) if it is not 0; else 66
on findings (see --error-exitcode), 3 if there is no log to judge or an output
cannot be written, 0. 2: wrong usage; 126, 127: there is no such program.)"},
    {Command::kAnalyze, "analyze",
     "Deadlocks, misuse and contention in one or more logs",
     R"(Examples:
  lockcheck analyze lockcheck.server.4711.log
  lockcheck analyze logs/ --json report.json --suppressions lockcheck.supp
  lockcheck analyze run.log --fail-on 'deadlock,contention:p99>5ms@Cache::mu'
  lockcheck analyze logs/ --baseline known.ids --write-baseline known.ids
  lockcheck analyze run.log --policy order --all --top 0 --sort hold_max

Exit status: 0 nothing that fails, 1 findings (see --error-exitcode),
2 wrong usage, 3 a log cannot be read or an output cannot be written.)"},
    {Command::kStatus, "status",
     "Who holds what and who waits for whom, now or at a log's end",
     R"(Examples:
  lockcheck status 4711              a program that runs now and records
  lockcheck status run.log           how things stood when the log ended
  lockcheck status run.log --all     idle actors too)"},
    {Command::kExport, "export", "The same facts for other programs",
     R"(Examples:
  lockcheck export run.log --to dot | dot -Tsvg > order.svg
  lockcheck export run.log --to dot --all -o order.dot
  lockcheck export run.log --to folded | flamegraph.pl --countname ns > waits.svg
  lockcheck export run.log --to folded --by caused -o caused.folded
  lockcheck export run.log --to std -o run.std)"},
    {Command::kImport, "import", "A log from a trace in the STD text format",
     R"(Examples:
  lockcheck import trace.std -o trace.log && lockcheck analyze trace.log
  zcat trace.std.gz | lockcheck import - -o trace.log

A line is thread|op(object)|location, with op one of acq, rel, req, fork, join,
begin, end, wait, notify, notifyAll; r, w and branch are left out.)"},
    {Command::kDump, "dump", "Every record of a log, as text",
     R"(Examples:
  lockcheck dump run.log | less
  lockcheck dump run.log --actor 3 --limit 100
  lockcheck dump run.log --definitions)"},
    {Command::kShm, "shm", "Shared objects that have a name: list, clean",
     R"(Examples:
  lockcheck shm list                 what there is, and who has it open
  lockcheck shm list 'bank.*' --json -
  lockcheck shm clean --all          removes what nobody has open any more
  lockcheck shm clean bank.account

Exit status: 0; 1 one that was named is in use, so it stays; 2 wrong usage, or
none has that name; 3 it cannot be read or removed, or an output not written.)"},
    {Command::kConfirm, "confirm",
     "Run a program again until a deadlock that was found happens",
     R"(Examples:
  lockcheck confirm run.log lock-order-1f2e3d4c -- ./server --port 8080
  lockcheck confirm run.log lock-order-1f --attempts 20 -- ./server

The program must be the one that was recorded, not built anew. Its threads are
held back before the requests that close the cycle, until all of them are there.
Then it aborts with its deadlock in the log, which is shown.

Exit status: 0 it happened; 1 the program did not do what it takes; 4 it did, but
not all at once; 2 wrong usage, or no cycle of locks of one process's threads;
3 the log cannot be read; 126, 127: there is no such program.)"},
};

constexpr const char* kOverview =
    R"(Start: build a program with lockcheck's mutexes, then `lockcheck run ./program`;
or run it with LOCKCHECK_OPTIONS=log=run.log, then `lockcheck analyze run.log`.
Examples:
  lockcheck analyze run.log            findings and hotspots
  lockcheck status 4711                who waits for whom right now
  lockcheck export run.log --to dot    the lock order graph
  lockcheck analyze --help             all options of a command)";

// CLI11 indents what follows a line break, but breaks no lines itself.
std::string Lines(std::string_view text) { return report::Wrap(text, 52, 0); }

// What keeps a word from being a T, or "". CLI11 would take -1 for a very large
// number, and does not say which of the others is wrong with a word.
template <typename T>
std::string WholeNumber(const std::string& word) {
  T value{};
  const char* const end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data(), end, value);
  if (error == std::errc::result_out_of_range) {
    return fmt::format("'{}' is too large", word);
  }
  if (error == std::errc() && rest == end) return "";
  long below = 0;
  const auto [last, negative] = std::from_chars(word.data(), end, below);
  return fmt::format("'{}' is {}", word,
                     negative == std::errc() && last == end && below < 0
                         ? "below 0"
                         : "no whole number");
}

template <typename T>
CLI::Option* AddNumber(CLI::App& app, const std::string& name, T& value,
                       std::string_view help) {
  return app.add_option(name, value, Lines(help))
      ->check(WholeNumber<T>)
      ->type_name("N");
}

// As it is called in reports, or its number alone.
template <typename T>
void AddActor(CLI::App& app, T& value, std::string_view help) {
  app.add_option("--actor", value, Lines(help))
      ->check(WholeNumber<uint32_t>)
      ->transform(CLI::Validator(
          [](std::string& word) {
            if (word.size() > 1 && word[0] == 'A') word.erase(0, 1);
            return std::string();
          },
          ""))
      ->type_name("N");
}

void AddColour(CLI::App& app, RawWords& raw) {
  app.add_option(
         "--color", raw.colour,
         Lines("auto (on a terminal, unless NO_COLOR is set), always, never"))
      ->type_name("WHEN");
}

void AddCommon(CLI::App& app, Options& o) {
  app.add_option(
         "--symbols", o.symbols,
         Lines("Folder with debug files, matched by build-id; may be repeated"))
      ->allow_extra_args(false)  // or it would swallow the LOG behind it
      ->type_name("DIR");
  AddNumber(app, "--threads", o.threads,
            "Threads to read with; 0: one per core");
}

// What `run` and `analyze` have in common.
void AddReport(CLI::App& app, Options& o, RawWords& raw) {
  app.add_option(
         "--json", o.json,
         Lines("Write the report as JSON to a file; - for standard output "
               "instead of the text"))
      ->type_name("FILE");
  app.add_option(
         "--fail-on", raw.fail_on,
         Lines(
             "What fails, comma-separated: deadlock (= actual, confirmed, "
             "possible), actual, confirmed, possible (confirmed ones, too), "
             "order (implies --policy order), misuse, hazard (what "
             "is or may be no deadlock, docs/command.md), class-order (implies "
             "--classes), incomplete (records "
             "are missing, or a bound cut the search), "
             "contention:METRIC>LIMIT[@CLASS] with "
             "METRIC p50, p90, p99, max, "
             "mean, total (of waits; LIMIT 5ms) or contended (LIMIT 10%), "
             "none. "
             "Default: deadlock,misuse; with --policy order also order"))
      ->type_name("LIST");
  app.add_option(
         "--policy", raw.policy,
         Lines("deadlock: inversions that cannot deadlock are refuted; order: "
               "every inversion is a finding. Default: deadlock"))
      ->type_name("P");
  app.add_flag("--classes", o.classes,
               Lines("Also lock classes that are taken in both orders, by "
                     "whichever of their locks: hazards, rule class-order"));
  app.add_flag("--all", o.all,
               Lines("Show refuted and suppressed findings too, and those of "
                     "the baseline"));
  AddColour(app, raw);
  app.add_option("--only", raw.only,
                 Lines("Print nothing but the deadlocks of this verdict: "
                       "actual, confirmed, possible or refuted"))
      ->type_name("VERDICT");
  AddActor(app, o.actor,
           "With --only: those that this actor has a part in, 3 or A3");
  AddNumber(app, "--top", o.top, "Rows of each table; 0: all. Default: 10");
  app.add_option("--sort", raw.sort,
                 Lines("Column to sort hotspots by: acquisitions, contended, "
                       "wait_total (default), wait_p99, hold_total, caused, "
                       "utilisation, ...; a wrong name lists them all"))
      ->type_name("COLUMN");
  app.add_option(
         "--suppressions", o.suppressions,
         Lines("File of known findings, one a line: kind:pattern  # comment"))
      ->type_name("FILE");
  app.add_option("--baseline", o.baseline,
                 Lines("File of findings' ids: only others fail and are shown"))
      ->type_name("FILE");
  app.add_option("--write-baseline", o.write_baseline,
                 Lines("Write the ids of the findings there, and those of "
                       "--baseline, to a file; it may be the same one"))
      ->type_name("FILE");
  app.add_option(
         "--error-exitcode", raw.error_exitcode,
         Lines("Exit status if something fails. Default: 1; with run: 66"))
      ->type_name("N");
}

void AddAnalyze(CLI::App& app, Options& o, RawWords& raw) {
  app.add_option("LOG", o.logs,
                 Lines("Log files, or folders: every *.log and *.log.N in and "
                       "below them"))
      ->required()
      ->type_name("");
  AddReport(app, o, raw);
  app.add_option("--known", o.known,
                 Lines("File of findings' ids: only others are shown, and are "
                       "added to it. By this a program with mode=live says "
                       "each finding once"))
      ->type_name("FILE");
}

// The program's words are taken away before the parser sees them.
void AddRun(CLI::App& app, Options& o, RawWords& raw) {
  app.add_option("PROGRAM ARGUMENTS...", o.program,
                 Lines("What to run; behind -- it may begin with a dash"))
      ->type_name("");
  app.add_option("--log", o.log,
                 Lines("Log to write; %p, %e and %h in its name are the "
                       "process, the program and the host. A folder: a log "
                       "for each program, in it. Default: a temporary "
                       "folder, which stays if there is a reason to look"))
      ->check([](const std::string& word) {
        return word.empty() ? std::string(
                                  "'' is no path; leave --log out for "
                                  "a temporary folder")
                            : "";
      })
      ->type_name("PATH");
  AddReport(app, o, raw);
}

void AddStatus(CLI::App& app, Options& o, RawWords& raw) {
  app.add_option("LOG|PID", o.logs,
                 Lines("A log file, or a process that records now"))
      ->required()
      ->expected(1)
      ->type_name("");
  AddColour(app, raw);
  app.add_flag("--all", o.all,
               Lines("Show actors that hold and wait for nothing too"));
}

void AddExport(CLI::App& app, Options& o, RawWords& raw) {
  app.add_option("LOG", o.logs, Lines("A log file"))
      ->required()
      ->expected(1)
      ->type_name("");
  app.add_option(
         "--to", raw.form,
         Lines("dot: the lock order graph; folded: stacks weighted by the "
               "nanoseconds waited; std: the events of locks as a trace in "
               "the STD text format"))
      ->type_name("FORM")
      ->required();
  app.add_option(
         "--by", raw.by,
         Lines("folded: suffered (stacks of those who waited, default) or "
               "caused (of those who held)"))
      ->type_name("SIDE");
  app.add_flag("--all", o.all, Lines("dot: edges outside cycles too"));
  app.add_option("-o,--output", o.output,
                 Lines("File to write; default: standard output"))
      ->type_name("FILE");
}

void AddImport(CLI::App& app, Options& o) {
  app.add_option("TRACE", o.logs,
                 Lines("A file in the STD format; - is standard input"))
      ->required()
      ->expected(1)
      ->type_name("");
  app.add_option("-o,--output", o.output, Lines("The log to write"))
      ->required()
      ->type_name("LOG");
}

void AddDump(CLI::App& app, Options& o) {
  app.add_option("LOG", o.logs, Lines("A log file"))
      ->required()
      ->expected(1)
      ->type_name("");
  AddActor(app, o.dump.actor,
           "Only this actor's records: 3 or A3. Default: all");
  AddNumber(app, "--limit", o.dump.limit,
            "Records to print at most; 0, the default: all");
  app.add_flag("--definitions", o.dump.definitions_only,
               Lines("Only what defines names, places, sites and stacks"));
}

// The program's words are taken away before the parser sees them.
void AddConfirm(CLI::App& app, Options& o, RawWords& raw) {
  app.add_option("LOG FINDING", o.logs,
                 Lines("A log file, and the id of one of its findings, or how "
                       "that begins"))
      ->required()
      ->expected(2)
      ->type_name("");
  app.add_option("PROGRAM ARGUMENTS...", o.program,
                 Lines("Behind --: what to run"))
      ->type_name("");
  AddNumber(app, "--attempts", o.attempts,
            "How often it is run at most. Default: 10");
  AddNumber(app, "--time-limit", o.time_limit,
            "Seconds after which a run is killed. Default: 60");
  AddColour(app, raw);
}

// Its first word is understood later.
void AddShm(CLI::App& app, Options& o) {
  app.add_option("list|clean NAME...", o.logs,
                 Lines("What to do, and with which; a name may hold * and ?. "
                       "list: without a name, all"))
      ->required()
      ->type_name("");
  app.add_flag("--all", o.shm.all, Lines("clean: all that nobody has open"));
  app.add_flag("--force", o.shm.force,
               Lines("clean: those in use too; whoever has one keeps its "
                     "memory, and who comes later makes a new one"));
  app.add_option("--json", o.json,
                 Lines("Write it as JSON to a file; - for standard output "
                       "instead of the text"))
      ->type_name("FILE");
}

}  // namespace

std::span<const CommandRow> Commands() { return kCommands; }

std::unique_ptr<CLI::App> MakeParser(Options& o, RawWords& raw) {
  auto app = std::make_unique<CLI::App>(
      "lockcheck finds deadlocks before they happen and says which locks cost "
      "the time.",
      "lockcheck");
  app->get_formatter()->column_width(26);
  app->get_formatter()->label("SUBCOMMAND", "COMMAND ...");
  app->set_help_flag("-h,--help", "This text");
  app->add_flag("--version", raw.version, "The version");
  app->footer(kOverview);
  for (const CommandRow& row : kCommands) {
    CLI::App* sub = app->add_subcommand(row.name, row.purpose);
    sub->group("Commands");
    sub->footer(row.examples);
    switch (row.command) {
      case Command::kRun:
        AddRun(*sub, o, raw);
        break;
      case Command::kAnalyze:
        AddAnalyze(*sub, o, raw);
        break;
      case Command::kStatus:
        AddStatus(*sub, o, raw);
        break;
      case Command::kExport:
        AddExport(*sub, o, raw);
        break;
      case Command::kImport:
        AddImport(*sub, o);
        break;
      case Command::kDump:
        AddDump(*sub, o);
        break;
      case Command::kShm:
        AddShm(*sub, o);
        break;
      case Command::kConfirm:
        AddConfirm(*sub, o, raw);
        break;
    }
    if (row.command != Command::kDump && row.command != Command::kShm &&
        row.command != Command::kImport) {
      AddCommon(*sub, o);
    }
  }
  return app;
}

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_snames()) {
      names.push_back("-" + name);
    }
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

}  // namespace lockcheck::tools
