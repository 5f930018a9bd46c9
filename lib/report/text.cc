#include "lib/report/text.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "lib/report/finding_text.h"
#include "lib/report/hotspot_text.h"
#include "lib/report/layout.h"
#include "lib/report/names.h"
#include "lib/report/wait_text.h"

namespace lockcheck::report {
namespace {

// Quoted only where a shell would split it.
std::string CommandLine(const ProcessRow& process) {
  std::string line = process.program;
  for (size_t i = 1; i < process.arguments.size(); ++i) {
    const std::string& argument = process.arguments[i];
    const bool quote = argument.empty() || argument.find(' ') != argument.npos;
    line += quote ? " '" + argument + "'" : " " + argument;
  }
  return Shorten(line, 200);
}

std::string Size(const Report& r) {
  const bool locks = std::all_of(
      r.classes.begin(), r.classes.end(),
      [](const ClassRow& row) { return model::CanBeHeld(row.kind); });
  std::string text = fmt::format(
      "{} in {}, {} in {}, {}", Counted(r.actors.size(), "actor"),
      Counted(r.processes.size(), "process"),
      Counted(r.object_count, locks ? "lock" : "object"),
      Counted(r.classes.size(), "class"), Counted(r.events, "event"));
  if (r.cores_used) text += fmt::format(", {:.2f} cores used", *r.cores_used);
  if (r.cores_used && r.most_runnable != 0) {
    text += fmt::format(" by at most {} at once", r.most_runnable);
  }
  if (!r.complete) text += ", not complete";
  if (!r.notes.empty()) text += ", bounded";
  return text;
}

// What the section shows, so that the numbers are those of its findings.
std::string SummaryLine(const Summary& s, bool all) {
  std::string line;
  const auto add = [&](uint64_t n, std::string_view noun) {
    if (n == 0) return;
    if (!line.empty()) line += ", ";
    line += Counted(n, noun);
  };
  add(s.actual, "actual deadlock");
  add(s.confirmed, "confirmed deadlock");
  add(s.possible, "possible deadlock");
  add(s.order_violations, "order violation");
  add(s.misuse, "misuse");
  add(s.hazard, "hazard");
  add(s.contention, "budget");
  if (s.contention != 0) line += " exceeded";
  const auto hidden_without_all = [&](uint64_t n, std::string_view what) {
    if (!all || n == 0) return;
    if (!line.empty()) line += ", ";
    line += fmt::format("{} {}", FormatCount(static_cast<double>(n)), what);
  };
  hidden_without_all(s.refuted - s.order_violations, "refuted");
  hidden_without_all(s.suppressed, "suppressed");
  if (line.empty()) line = "none";
  if (s.in_baseline != 0) {
    line += fmt::format(", {} in the baseline",
                        FormatCount(static_cast<double>(s.in_baseline)));
  }
  return line;
}

// ": 2 gate, 1 fork-join".
std::string Reasons(const Summary& s) {
  std::string text;
  for (size_t i = 0; i < s.reasons.size(); ++i) {
    if (s.reasons[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? ": " : ", ",
                        FormatCount(static_cast<double>(s.reasons[i])),
                        NameOf(static_cast<analysis::Reason>(i)));
  }
  return text;
}

std::string FindingSection(const Report& report, const TextOptions& options,
                           const Painter& painter) {
  const Summary s = Summarize(report);
  std::string out = painter.Paint(Style::kBold, "FINDINGS");
  out += fmt::format("  {}", SummaryLine(s, options.all));
  uint64_t hidden_refuted = 0, hidden_suppressed = 0;
  for (const FindingRow& row : report.findings) {
    if (options.all || !IsHidden(row)) continue;
    if (row.suppressed) {
      ++hidden_suppressed;
    } else if (!row.in_baseline) {  // those are counted already
      ++hidden_refuted;
    }
  }
  if (hidden_refuted + hidden_suppressed > 0) {
    out += "  (--all shows ";
    if (hidden_refuted > 0) {
      out += fmt::format("{} refuted{}", hidden_refuted, Reasons(s));
    }
    if (hidden_refuted > 0 && hidden_suppressed > 0) out += " and ";
    if (hidden_suppressed > 0) {
      out += fmt::format("{} suppressed", hidden_suppressed);
    }
    out += ")";
  }
  out += "\n";
  size_t number = 0;
  for (const FindingRow& row : report.findings) {
    if (IsHidden(row) && !options.all) continue;
    out += fmt::format("\n{}", FindingText(report, row, ++number, painter,
                                           options.width, options.all));
  }
  return out;
}

std::string Only(const Report& report, const TextOptions& options,
                 const Painter& painter) {
  std::string out;
  size_t number = 0;
  for (const FindingRow& row : report.findings) {
    if (row.suppressed || row.in_baseline || !IsWanted(report, row, options)) {
      continue;
    }
    if (number != 0) out += "\n";
    out +=
        FindingText(report, row, ++number, painter, options.width, options.all);
  }
  return out;
}

std::string Ok(const Report& report, const Painter& painter) {
  if (report.whole && report.exhaustive) {
    return painter.Paint(Style::kGreen, "OK") + "  nothing that fails\n";
  }
  const char* const how_far =
      report.whole ? "OK so far as it was looked" : "OK so far as the log goes";
  const char* const but =
      report.whole        ? "a bound cut the search, see the notes"
      : report.exhaustive ? "records are missing"
                          : "records are missing, and a bound cut the search";
  return fmt::format("{}  nothing that fails, but {} (--fail-on incomplete)\n",
                     painter.Paint(Style::kYellow, how_far), but);
}

std::string Result(const Report& report, const Painter& painter) {
  const Summary s = Summarize(report);
  if (s.fails == 0 && !report.fails_as_incomplete) return Ok(report, painter);
  std::string what;
  if (s.fails != 0) {
    what = Counted(s.fails, "finding") + ":";
    for (const FindingRow& row : report.findings) {
      if (row.fails) what += " " + row.id;
    }
  }
  if (report.fails_as_incomplete) {
    what +=
        fmt::format("{}{}", what.empty() ? "" : "; ",
                    report.whole ? "a bound cut the search, see the notes"
                                 : "the log is incomplete, see the warnings");
  }
  return painter.Paint(Style::kRed, "FAILS") + "  " + what + "\n";
}

}  // namespace

bool IsHidden(const FindingRow& row) {
  if (row.suppressed || row.in_baseline) return true;
  return row.verdict == analysis::Verdict::kRefuted && !IsOrderViolation(row);
}

bool IsWanted(const Report& report, const FindingRow& row,
              const TextOptions& options) {
  return !options.only ||
         (row.verdict == options.only &&
          (options.actor == 0 || TakesPart(report, row, options.actor)));
}

std::string HeaderText(const Report& r, bool colour, size_t columns) {
  const Painter painter(colour);
  std::string out =
      painter.Paint(Style::kBold, "lockcheck") + "  " + r.path + "\n";
  const auto line = [&](std::string_view key, const std::string& text) {
    out += painter.Paint(Style::kDim, fmt::format("{:<9}", key)) + "  " + text +
           "\n";
  };
  const auto wrapped = [&](const std::string& text) {
    constexpr size_t kKeyWidth = 11;
    return Wrap(text, TextWidth(columns), kKeyWidth);
  };
  if (!r.processes.empty()) {
    if (const std::string command = CommandLine(r.processes[0]);
        !command.empty()) {
      line("program", command);
    }
    line("run",
         fmt::format("{} from {}{}{}, pid {}", FormatDuration(r.duration_ns),
                     FormatTime(r.start_unix_ns),
                     r.processes[0].host.empty() ? "" : " on ",
                     r.processes[0].host, r.processes[0].pid));
  }
  line("size", Size(r));
  for (const std::string& warning : r.warnings) {
    out += painter.Paint(Style::kYellow, "warning  ") + "  " +
           wrapped(warning) + "\n";
  }
  for (const std::string& note : r.notes) line("note", wrapped(note));
  return out;
}

std::string Text(const Report& report, const TextOptions& options) {
  const Painter painter(options.colour);
  if (options.only) return Only(report, options, painter);
  std::string out = HeaderText(report, options.colour, options.width);
  const auto section = [&](const std::string& text) {
    if (!text.empty()) out += "\n" + text;
  };
  section(FindingSection(report, options, painter));
  section(WaitText(report, options, painter));
  section(HotspotText(report, options, painter));
  section(BlameText(report, options, painter));
  section(Result(report, painter));
  return out;
}

}  // namespace lockcheck::report
