#include "tools/lockcheck/command_line.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "absl/strings/numbers.h"
#include "fmt/format.h"
#include "lib/report/nearest.h"
#include "tools/lockcheck/parser.h"

namespace lockcheck::tools {
namespace {

using report::DidYouMean;
using report::Nearest;

std::vector<std::string> CommandNames() {
  std::vector<std::string> names;
  for (const CommandRow& row : Commands()) names.emplace_back(row.name);
  return names;
}

// A word that is no command: what comes closest, `version` being --version.
std::string NearestCommand(const std::string& word, const CLI::App& app) {
  const std::vector<std::string> options = OptionNames(app);
  if (word[0] == '-') return Nearest(word, options);
  std::vector<std::string> names = CommandNames();
  for (const std::string& option : options) {
    if (option.rfind("--", 0) == 0) names.push_back(option.substr(2));
  }
  const std::string nearest = Nearest(word, names);
  const bool option = app.get_option_no_throw("--" + nearest) != nullptr;
  return option ? "--" + nearest : nearest;
}

// CLI11 would report every unknown word at once, and call the value of a
// mistyped option a log file.
std::string UnknownOption(const CLI::App& app,
                          const std::vector<std::string>& words) {
  const std::vector<std::string> names = OptionNames(app);
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") break;
    if (word.size() < 2 || word[0] != '-') continue;
    const std::string name = word.substr(0, word.find('='));
    const CLI::Option* option = app.get_option_no_throw(name);
    if (option == nullptr && word[1] != '-') {
      option = app.get_option_no_throw(word.substr(0, 2));  // -oFILE
      if (option != nullptr && option->get_items_expected_max() > 0) continue;
    }
    if (option == nullptr) {
      return fmt::format(
          "lockcheck {}: no option is called '{}'{} (lockcheck {} --help)",
          app.get_name(), name, DidYouMean(Nearest(name, names)),
          app.get_name());
    }
    const bool takes_value = option->get_items_expected_max() > 0;
    if (takes_value && word == name) ++i;  // its value
  }
  return "";
}

// CLI11 would say how many words the option takes.
std::string GivenTwice(const CLI::App& app,
                       const std::vector<std::string>& words) {
  std::vector<const CLI::Option*> seen;
  for (size_t i = 1; i < words.size() && words[i] != "--"; ++i) {
    const std::string name = words[i].substr(0, words[i].find('='));
    if (name.size() < 2 || name[0] != '-') continue;
    const CLI::Option* option = app.get_option_no_throw(name);
    bool value_follows = words[i] == name;
    if (option == nullptr && name[1] != '-') {
      option = app.get_option_no_throw(name.substr(0, 2));  // -oFILE
      value_follows = false;
    }
    if (option == nullptr || option->get_items_expected_max() != 1) continue;
    if (std::find(seen.begin(), seen.end(), option) != seen.end()) {
      return fmt::format(
          "lockcheck {}: {} is given twice; give it once (lockcheck {} --help)",
          app.get_name(), option->get_name(), app.get_name());
    }
    seen.push_back(option);
    if (value_follows) ++i;
  }
  return "";
}

// CLI11 takes no words behind "--" if some came before it. So it gets a
// harmless word in place of each; the caller puts the real ones back.
struct Words {
  std::vector<std::string> for_parser;  // last one first, as CLI11 wants them
  std::vector<std::string> behind;
};

Words SplitAtTwoDashes(const std::vector<std::string>& words) {
  const auto dashes = std::find(words.begin(), words.end(), "--");
  Words split;
  split.for_parser.assign(words.begin(), dashes);
  if (dashes != words.end()) split.behind.assign(dashes + 1, words.end());
  split.for_parser.insert(split.for_parser.end(), split.behind.size(), "LOG");
  std::reverse(split.for_parser.begin(), split.for_parser.end());
  return split;
}

// Takes from `words` the program and its arguments, which begin behind "--" or
// with the first word that is no option of ours and no option's value.
std::vector<std::string> TakeProgram(const CLI::App& app,
                                     std::vector<std::string>& words) {
  size_t i = 1;
  for (; i < words.size() && words[i].starts_with('-'); ++i) {
    if (words[i] == "--") break;
    const CLI::Option* option = app.get_option_no_throw(words[i]);
    if (option != nullptr && option->get_items_expected_max() > 0) ++i;
  }
  const size_t end = std::min(i, words.size());
  const bool dashes = end < words.size() && words[end] == "--";
  std::vector<std::string> program(
      words.begin() + static_cast<ptrdiff_t>(end + dashes), words.end());
  words.resize(end);
  return program;
}

// The same of a program that must stand behind "--", since words of ours come
// before it.
std::vector<std::string> TakeBehindTwoDashes(std::vector<std::string>& words) {
  const auto dashes = std::find(words.begin(), words.end(), "--");
  if (dashes == words.end()) return {};
  std::vector<std::string> program(dashes + 1, words.end());
  words.erase(dashes, words.end());
  return program;
}

std::string Choice(const std::string& option, const std::string& word,
                   const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), word) != names.end()) return "";
  return fmt::format("{} '{}': it is one of {}{}", option, word,
                     fmt::join(names, ", "), DidYouMean(Nearest(word, names)));
}

// What is to be done, and with what, is all in `logs`.
std::string UnderstandShm(Options& o) {
  const std::string& what = o.logs[0];
  if (what != "list" && what != "clean") {
    return fmt::format("'{}': it is list or clean{}", what,
                       DidYouMean(Nearest(what, {"list", "clean"})));
  }
  o.shm.clean = what == "clean";
  o.shm.names.assign(o.logs.begin() + 1, o.logs.end());
  if (!o.shm.clean && (o.shm.all || o.shm.force)) {
    return fmt::format("{} goes with clean", o.shm.all ? "--all" : "--force");
  }
  if (o.shm.clean && o.shm.all != o.shm.names.empty()) {
    return "clean: name what to remove, or give --all";
  }
  return "";
}

std::string UnderstandConfirm(Options& o) {
  o.finding = o.logs[1];
  o.logs.resize(1);
  if (o.attempts == 0 || o.time_limit == 0) {
    return fmt::format("{} '0': it is at least 1",
                       o.attempts == 0 ? "--attempts" : "--time-limit");
  }
  constexpr uint32_t kDay = 86'400;
  if (o.time_limit > kDay) {
    return fmt::format("--time-limit '{}': it is at most a day, {}",
                       o.time_limit, kDay);
  }
  return "";
}

// Turns words into values; the error line, or "".
std::string Understand(const RawWords& raw, bool fail_on_given, Options& o) {
  std::vector<std::string> columns;
  for (const report::Column& column : report::Columns()) {
    columns.emplace_back(column.key);
  }
  std::vector<std::string> verdicts;
  for (const std::string_view verdict : report::AllVerdicts()) {
    verdicts.emplace_back(verdict);
  }
  for (const std::string& error :
       {Choice("--color", raw.colour, {"auto", "always", "never"}),
        Choice("--policy", raw.policy, {"deadlock", "order"}),
        Choice("--by", raw.by, {"suffered", "caused"}),
        Choice("--sort", raw.sort, columns),
        raw.only.empty() ? "" : Choice("--only", raw.only, verdicts),
        o.command == Command::kExport
            ? Choice("--to", raw.form, {"dot", "folded", "std"})
            : ""}) {
    if (!error.empty()) return error;
  }
  if (o.command == Command::kShm) return UnderstandShm(o);
  if (o.command == Command::kConfirm) {
    if (std::string error = UnderstandConfirm(o); !error.empty()) return error;
  }
  o.colour = raw.colour == "always"  ? Colour::kAlways
             : raw.colour == "never" ? Colour::kNever
                                     : Colour::kAuto;
  if (raw.policy == "order") o.policy = analysis::Policy::kOrder;
  if (raw.by == "caused") o.by = report::FoldedBy::kCaused;
  if (raw.form == "folded") o.form = ExportForm::kFolded;
  if (raw.form == "std") o.form = ExportForm::kStd;
  o.sort = report::FindColumn(raw.sort);
  o.only = report::FindVerdict(raw.only);
  if (o.command == Command::kRun) o.error_exitcode = kExitFindingsOfRun;
  if (raw.error_exitcode &&
      (!absl::SimpleAtoi(*raw.error_exitcode, &o.error_exitcode) ||
       o.error_exitcode < 0 || o.error_exitcode > 255)) {
    return fmt::format("--error-exitcode '{}': it is from 0 to 255",
                       *raw.error_exitcode);
  }
  if (o.write_baseline == "-") {
    return "--write-baseline '-': standard output has the report; name a file";
  }
  auto fail_on =
      report::FailOn::Parse(fail_on_given ? std::string_view(raw.fail_on)
                            : o.policy == analysis::Policy::kDeadlock
                                ? report::FailOn::kDefault
                                : report::FailOn::kDefaultOfOrderPolicy);
  if (!fail_on.ok()) return std::string(fail_on.status().message());
  o.fail_on = *std::move(fail_on);
  if (o.fail_on.names_order()) o.policy = analysis::Policy::kOrder;
  o.classes |= o.fail_on.names_class_order();
  return "";
}

std::string FirstLine(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

Parsed Text(std::string text) {
  Parsed parsed;
  parsed.text = std::move(text);
  return parsed;
}

Parsed Error(std::string line) {
  Parsed parsed;
  parsed.error = std::move(line);
  return parsed;
}

// What CLI11 objects to, in our form.
std::string Complaint(const CLI::App& sub, const CLI::ParseError& error) {
  return fmt::format("lockcheck {}: {} (lockcheck {} --help)", sub.get_name(),
                     FirstLine(error.what()), sub.get_name());
}

}  // namespace

Parsed ParseCommandLine(std::vector<std::string> words) {
  Options options;
  RawWords raw;
  const std::unique_ptr<CLI::App> app = MakeParser(options, raw);
  if (words.empty()) {
    return Error(fmt::format("lockcheck: name a command: {} (lockcheck --help)",
                             fmt::join(CommandNames(), ", ")));
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    return Text(app->help());
  }
  if (words[0] == "--version") {
    return Text("lockcheck " LOCKCHECK_VERSION "\n");
  }
  const auto row = std::find_if(
      Commands().begin(), Commands().end(),
      [&](const CommandRow& candidate) { return words[0] == candidate.name; });
  if (row == Commands().end()) {
    return Error(
        fmt::format("lockcheck: no {} is called '{}'{} (lockcheck --help)",
                    words[0][0] == '-' ? "option" : "command", words[0],
                    DidYouMean(NearestCommand(words[0], *app))));
  }
  options.command = row->command;
  CLI::App* sub = app->get_subcommand(row->name);
  if (row->command == Command::kRun) options.program = TakeProgram(*sub, words);
  if (row->command == Command::kConfirm) {
    options.program = TakeBehindTwoDashes(words);
  }
  if (std::string error = UnknownOption(*sub, words); !error.empty()) {
    return Error(std::move(error));
  }
  if (std::string error = GivenTwice(*sub, words); !error.empty()) {
    return Error(std::move(error));
  }
  Words split = SplitAtTwoDashes(words);
  try {
    app->parse(split.for_parser);
  } catch (const CLI::CallForHelp&) {
    return Text(sub->help("lockcheck"));
  } catch (const CLI::ParseError& error) {
    return Error(Complaint(*sub, error));
  }
  std::copy(split.behind.begin(), split.behind.end(),
            options.logs.end() - static_cast<ptrdiff_t>(split.behind.size()));
  const CLI::Option* fail_on = sub->get_option_no_throw("--fail-on");
  const bool given = fail_on != nullptr && fail_on->count() > 0;
  if (std::string error = Understand(raw, given, options); !error.empty()) {
    return Error(fmt::format("lockcheck {}: {}", row->name, error));
  }
  if (row->command == Command::kRun && options.program.empty()) {
    return Error(
        "lockcheck run: name the program to run: lockcheck run [OPTIONS] -- "
        "PROGRAM [ARGUMENTS...] (lockcheck run --help)");
  }
  if (row->command == Command::kConfirm && options.program.empty()) {
    return Error(
        "lockcheck confirm: name the program to run: lockcheck confirm LOG "
        "FINDING [OPTIONS] -- PROGRAM [ARGUMENTS...] (lockcheck confirm "
        "--help)");
  }
  Parsed parsed;
  parsed.run = true;
  parsed.options = std::move(options);
  return parsed;
}

std::vector<std::pair<std::string, std::vector<std::string>>> AllOptions() {
  Options options;
  RawWords raw;
  const std::unique_ptr<CLI::App> app = MakeParser(options, raw);
  std::vector<std::pair<std::string, std::vector<std::string>>> all;
  for (const CommandRow& row : Commands()) {
    std::vector<std::string> names =
        OptionNames(*app->get_subcommand(row.name));
    std::erase_if(names, [](const std::string& name) {
      return name == "-h" || name == "--help";
    });
    all.emplace_back(row.name, std::move(names));
  }
  return all;
}

}  // namespace lockcheck::tools
