#include "lib/report/finding_text.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "lib/report/names.h"
#include "lib/report/naming.h"
#include "lib/report/order_words.h"
#include "lib/report/sentences.h"
#include "lib/report/sites.h"
#include "lib/report/witness_text.h"

namespace lockcheck::report {
namespace {

using analysis::Verdict;

constexpr size_t kWidestFunction = 72;
constexpr size_t kStackIndent = 15;

struct Title {
  const char* text;
  Style style;
};

Title TitleOf(const FindingRow& row) {
  switch (row.kind) {
    case FindingKind::kMisuse:
      return {"MISUSE", Style::kRed};
    case FindingKind::kHazard:
      return {"HAZARD", Style::kYellow};
    case FindingKind::kContention:
      return {"OVER BUDGET", Style::kYellow};
    case FindingKind::kDeadlock:
      break;
  }
  if (IsOrderViolation(row)) return {"ORDER VIOLATION", Style::kYellow};
  switch (row.verdict.value_or(Verdict::kPossible)) {
    case Verdict::kActual:
      return {"ACTUAL DEADLOCK", Style::kRed};
    case Verdict::kConfirmed:
      return {"CONFIRMED DEADLOCK", Style::kRed};
    case Verdict::kPossible:
      return {"POSSIBLE DEADLOCK", Style::kYellow};
    case Verdict::kRefuted:
      return {"REFUTED", Style::kGreen};
  }
  return {"DEADLOCK", Style::kRed};
}

// The function column is as wide as the finding's widest function needs.
size_t FunctionWidth(const FindingRow& row) {
  size_t width = 0;
  const auto look = [&](const std::vector<SourceLine>& stack) {
    for (const SourceLine& line : stack) {
      width = std::max(width, DisplayWidth(FunctionLabel(line)));
    }
  };
  for (const PartRow& part : row.parts) {
    for (const HoldRow& hold : part.holds) look(hold.stack);
    if (part.wants) look(part.wants->stack);
    if (part.awaits) look(part.awaits->stack);
  }
  return std::min(width, kWidestFunction);
}

// As a person at this shell would type it: relative if it is below the working
// directory.
std::string ShownPath(const std::string& path) {
  static const std::string here = [] {
    char* cwd = ::getcwd(nullptr, 0);
    std::string text = cwd != nullptr ? std::string(cwd) + "/" : "";
    std::free(cwd);
    return text;
  }();
  if (here.size() > 1 && path.size() > here.size() &&
      path.compare(0, here.size(), here) == 0) {
    return path.substr(here.size());
  }
  return path;
}

std::string StackText(const std::vector<SourceLine>& stack, size_t width,
                      const Painter& painter) {
  std::string out;
  for (const SourceLine& line : stack) {
    const std::string function = FunctionLabel(line);
    const size_t have = DisplayWidth(function);
    std::string place;
    if (!line.file.empty()) {
      place = ShownPath(line.file);
      if (line.line > 0) place += fmt::format(":{}", line.line);
    } else if (!line.function.empty() && !line.module.empty()) {
      place = fmt::format("{}+{:#x}", line.module, line.offset);
    }
    out += std::string(kStackIndent, ' ') + function;
    if (!place.empty()) {
      out += std::string(have < width ? width - have + 2 : 2, ' ');
      out += painter.Paint(Style::kCyan, place);
    }
    out += '\n';
  }
  if (stack.empty()) {
    out = std::string(kStackIndent, ' ') + "(place not known)\n";
  }
  return out;
}

// The part of who forked, which wants the child.
bool IsFork(const FindingRow& row, const PartRow& part) {
  return (row.rule == "fork-while-held" || row.rule == "inherited-lock") &&
         &part != &row.parts[0];
}

std::string Asks(const FindingRow& row, const PartRow& part) {
  const WantRow& wants = *part.wants;
  if (row.rule == kDeclaredOrderRule) return "asks";
  if (row.kind == FindingKind::kMisuse) return "misuses";
  if ((row.rule == "lost-wakeup" || row.rule == "naked-notify") &&
      &part != &row.parts[0]) {
    return "signals";
  }
  if (IsFork(row, part)) return "forks";
  const bool stands =
      row.verdict == Verdict::kActual ||
      (row.kind == FindingKind::kHazard && row.rule != "recursive-read" &&
       row.rule != "class-order" && row.rule != "inherited-lock" &&
       !(row.rule == "blocking-call" && &part != &row.parts[0]));
  if (stands) return "waits";
  return wants.how == model::How::kTry ? "tries" : "asks";
}

std::string WantedName(const Report& report, const FindingRow& row,
                       const PartRow& part) {
  const WantRow& wants = *part.wants;
  std::string text = WantedThing(report, wants);
  if (IsFork(row, part)) {
    constexpr std::string_view kEnd = "the end of ";
    return text.starts_with(kEnd) ? text.substr(kEnd.size()) : text;
  }
  if (IsShared(report.objects[wants.object], wants.mode)) text += " (shared)";
  if (wants.how == model::How::kTimed) text += " (with a time limit)";
  if (wants.how == model::How::kMulti) text += " (among others, at once)";
  if (wants.how == model::How::kRetried) {
    text += " (among others, by trying until it has all)";
  }
  if (part.count > 1 && row.verdict != Verdict::kActual) {
    text +=
        fmt::format(", {} times", FormatCount(static_cast<double>(part.count)));
  }
  return text;
}

// Behind "in", where the stack below is not known to be the actor's own: it
// came to the same place, perhaps through other callers.
std::string Whose(const Report& report, const std::optional<uint32_t>& actor) {
  return actor ? fmt::format(" (as first seen in {})",
                             ActorHeading(report.actors[*actor]))
               : " (as first seen there)";
}

// A worker's wait for its task and a queued one's for a worker, if that is not
// known to be at a place.
bool IsOfPoolItself(const Report& report, const WantRow& wants) {
  return IsEnd(report, wants.object) || IsPool(report, wants.object);
}

std::string PartText(const Report& report, const FindingRow& row,
                     const PartRow& part, size_t width,
                     const Painter& painter) {
  std::string out = "    ";
  if (part.actor && *part.actor < report.actors.size()) {
    const ActorRow& actor = report.actors[*part.actor];
    out += painter.Paint(Style::kBold, ActorHeading(actor));
    out += fmt::format(
        "  {}tid {}",
        report.processes.size() > 1 ? fmt::format("pid {}, ", actor.pid) : "",
        actor.tid);
  } else {
    out += "an actor that is not known";
  }
  out += '\n';
  const auto entry = [&](std::string_view verb, const std::string& name) {
    out += fmt::format("      {:<7}  {}\n", verb,
                       painter.Paint(Style::kBold, name));
  };
  const auto place = [&](const auto& at) {
    if (at.stack_of != part.actor)
      out.insert(out.size() - 1, Whose(report, at.stack_of));
    out += StackText(at.stack, width, painter);
  };
  for (const HoldRow& hold : part.holds) {
    if (report.objects[hold.object].kind == model::ObjectKind::kActorEnd) {
      continue;  // an actor always "holds" its own end
    }
    if (IsPool(report, hold.object)) {
      entry("has", "a worker of " + PoolName(report, hold.object));
      continue;
    }
    if (!hold.site) {
      entry("holds", HeldName(report, hold) + "; since where is not known");
      continue;
    }
    entry("holds", HeldName(report, hold) + ", acquired in");
    place(hold);
  }
  // What it awaits says where, too, if that is known.
  if (part.awaits && !(part.wants && part.wants->site == part.awaits->site)) {
    out += row.rule == "long-run" ? "      ran      when it had gone on in\n"
                                  : "      awaits   in\n";
    place(*part.awaits);
  }
  if (!part.wants) return out;
  const std::string wanted = WantedName(report, row, part);
  if (!part.wants->site && part.wants->stack.empty()) {
    entry(Asks(row, part), IsOfPoolItself(report, *part.wants)
                               ? wanted
                               : wanted + "; where is not known");
    return out;
  }
  entry(Asks(row, part), wanted + ", in");
  place(*part.wants);
  return out;
}

}  // namespace

std::string FindingText(const Report& report, const FindingRow& row,
                        size_t number, const Painter& painter, size_t columns,
                        bool all_steps) {
  const size_t text_width = TextWidth(columns);
  const Title title = TitleOf(row);
  std::string out =
      fmt::format("[{}] {}  {} {}", number,
                  painter.Paint(title.style, title.text), row.rule, row.id);
  if (row.reason) out += fmt::format("  ({})", NameOf(*row.reason));
  if (row.suppressed) out += "  (suppressed)";
  if (row.in_baseline) out += "  (in the baseline)";
  if (row.count > 1) {
    out +=
        fmt::format("  {} alike", FormatCount(static_cast<double>(row.count)));
  }
  if (row.time_ns) out += fmt::format("  at {}", FormatDuration(*row.time_ns));
  out += fmt::format("\n    {}\n", Wrap(row.message + ".", text_width, 4));
  const size_t width = FunctionWidth(row);
  for (const PartRow& part : row.parts) {
    out += fmt::format("\n{}", PartText(report, row, part, width, painter));
  }
  out += "\n";
  const auto line = [&](std::string_view key, const std::string& text) {
    out += "    " + painter.Paint(Style::kDim, fmt::format("{:<9}", key)) +
           "  " + text + "\n";
  };
  std::string_view schedule = "schedule";
  for (const std::string& step : WitnessLines(report, row, all_steps)) {
    line(schedule, Wrap(step, text_width, kStackIndent));
    schedule = "";
  }
  std::string_view declared = "declared";
  for (const std::string& order : DeclaredLines(report, row)) {
    line(declared, Wrap(order, text_width, kStackIndent));
    declared = "";
  }
  line("why", Wrap(row.why + ".", text_width, kStackIndent));
  if (!row.missing.empty()) {
    line("lacks", Wrap(row.missing + ".", text_width, kStackIndent));
  }
  for (const std::string& assumption : row.assumes) {
    line("assumes", Wrap(assumption, text_width, kStackIndent));
  }
  if (!row.advice.empty()) {
    line("do", Wrap(row.advice + ".", text_width, kStackIndent));
  }
  const bool hidden_anyway =
      row.verdict == Verdict::kRefuted && !IsOrderViolation(row);
  if (!hidden_anyway && !row.suppressed) {
    line("suppress", fmt::format("{}  # {}{}why it is safe", row.suppression,
                                 row.suppressed_locks,
                                 row.suppressed_locks.empty() ? "" : ": "));
  }
  return out;
}

}  // namespace lockcheck::report
