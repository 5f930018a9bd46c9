#include "lib/report/status_text.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/report/layout.h"
#include "lib/report/names.h"
#include "lib/report/naming.h"
#include "lib/report/sentences.h"
#include "lib/report/sites.h"
#include "lib/report/text.h"
#include "lib/report/wait_text.h"

namespace lockcheck::report {
namespace {

std::string In(const Report& report, const std::optional<uint32_t>& site) {
  return site ? "  in " + SiteLabel(report.sites[*site].where) : "";
}

std::string StateInWords(const ProcessRow& row) {
  if (row.state == "gone") return "ended without a word";
  if (row.state != "unknown") return row.state;
  return row.host.empty()
             ? "not known whether it runs"
             : "not known whether it runs (another host, " + row.host + ")";
}

// Deeper processes stand as far to the right as those of this depth: a chain of
// forks is as long as a log says.
constexpr size_t kMostIndented = 16;

class StatusTree {
 public:
  StatusTree(const Report& report, const StatusOptions& options)
      : report_(report),
        options_(options),
        painter_(options.colour),
        actors_of_(report.processes.size()),
        children_of_(report.processes.size()),
        shown_(report.processes.size()),
        wait_of_actor_(report.actors.size()) {
    for (size_t i = 0; i < report.actors.size(); ++i) {
      const auto process = report.actors[i].process;
      if (process) actors_of_[*process].push_back(i);
    }
    for (size_t i = 0; i < report.processes.size(); ++i) {
      const auto parent = report.processes[i].parent;
      if (parent) children_of_[*parent].push_back(i);
    }
    for (const StandingWaitRow& wait : report.standing_waits) {
      wait_of_actor_[wait.actor] = &wait;
    }
  }

  std::string Text() {
    for (size_t i = 0; i < report_.processes.size(); ++i) {
      if (!report_.processes[i].parent) WithDescendants(i);
    }
    // Parents come from a log, so they may form a circle.
    for (size_t i = 0; i < report_.processes.size(); ++i) WithDescendants(i);
    for (const ActorRow& actor : report_.actors) {
      if (!actor.process) Actor(actor, 1);
    }
    return std::move(out_);
  }

 private:
  void WithDescendants(size_t root) {
    std::vector<std::pair<size_t, size_t>> open = {{root, 0}};  // and depth
    while (!open.empty()) {
      const auto [index, depth] = open.back();
      open.pop_back();
      if (shown_[index]) continue;
      shown_[index] = true;
      Process(index, depth);
      const std::vector<size_t>& children = children_of_[index];
      for (auto child = children.rbegin(); child != children.rend(); ++child) {
        open.emplace_back(*child, std::min(depth + 1, kMostIndented));
      }
    }
  }

  void Process(size_t index, size_t depth) {
    const ProcessRow& row = report_.processes[index];
    Line(depth, painter_.Paint(Style::kBold, fmt::format("pid {}", row.pid)) +
                    fmt::format("  {}  {}", row.program, StateInWords(row)));
    size_t quiet = 0;
    for (const size_t i : actors_of_[index]) {
      const ActorRow& actor = report_.actors[i];
      const bool busy = !actor.holds.empty() || wait_of_actor_[i] != nullptr;
      if (busy || options_.all) {
        Actor(actor, depth + 1);
      } else {
        ++quiet;
      }
    }
    if (quiet == 0) return;
    Line(depth + 1,
         painter_.Paint(
             Style::kDim,
             Counted(quiet, "actor") +
                 " with nothing held and nothing waited for (--all)"));
  }

  void Actor(const ActorRow& row, size_t depth) {
    Line(depth, painter_.Paint(Style::kBold, ActorHeading(row)) +
                    fmt::format("  tid {}  {}", row.tid, NameOf(row.state)));
    for (const HoldRow& hold : row.holds) {
      Line(depth + 1, fmt::format("holds  {}{}", HeldName(report_, hold),
                                  In(report_, hold.site)));
    }
    const auto index = static_cast<size_t>(&row - report_.actors.data());
    if (wait_of_actor_[index] != nullptr) {
      Wait(*wait_of_actor_[index], depth + 1);
    }
  }

  void Wait(const StandingWaitRow& wait, size_t depth) {
    std::string text = fmt::format(
        "waits  {}{}  for {}", report_.objects[wait.wants.object].name,
        In(report_, wait.wants.site), HowLong(report_, wait));
    if (wait.unsignalled) text += "; " + NobodyDid(report_, wait);
    if (wait.stuck) text += "  " + painter_.Paint(Style::kRed, "STUCK");
    Line(depth, text);
    if (!wait.owner) return;
    const ActorRow& owner = report_.actors[*wait.owner];
    Line(depth + 1,
         fmt::format("held by {}{}{}", ActorHeading(owner),
                     owner.process != report_.actors[wait.actor].process
                         ? fmt::format(" of pid {}", owner.pid)
                         : "",
                     In(report_, wait.owner_site)));
  }

  void Line(size_t depth, std::string_view text) {
    out_ += std::string(2 * depth, ' ');
    out_ += text;
    out_ += '\n';
  }

  const Report& report_;
  const StatusOptions& options_;
  const Painter painter_;
  std::vector<std::vector<size_t>> actors_of_, children_of_;  // by process
  std::vector<bool> shown_;                                   // by process
  std::vector<const StandingWaitRow*> wait_of_actor_;
  std::string out_;
};

}  // namespace

std::string StatusText(const Report& report, const StatusOptions& options) {
  const Painter painter(options.colour);
  std::string out = HeaderText(report, options.colour, options.width) + "\n";
  size_t stuck = 0;
  for (const StandingWaitRow& wait : report.standing_waits) stuck += wait.stuck;
  out += painter.Paint(Style::kBold, "STATUS");
  out += fmt::format("  {}, {} stuck\n",
                     Counted(report.standing_waits.size(), "standing wait"),
                     stuck);
  return out + StatusTree(report, options).Text();
}

}  // namespace lockcheck::report
