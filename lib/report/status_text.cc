#include "lib/report/status_text.h"

#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "lib/report/layout.h"
#include "lib/report/names.h"
#include "lib/report/naming.h"
#include "lib/report/sites.h"
#include "lib/report/text.h"

namespace lockcheck::report {
namespace {

std::string In(const Report& report, const std::optional<uint32_t>& site) {
  return site ? "  in " + SiteLabel(report.sites[*site].where) : "";
}

class StatusTree {
 public:
  StatusTree(const Report& report, const StatusOptions& options)
      : report_(report), options_(options), painter_(options.colour) {
    wait_of_actor_.resize(report.actors.size(), nullptr);
    for (const StandingWaitRow& wait : report.standing_waits) {
      wait_of_actor_[wait.actor] = &wait;
    }
  }

  std::string Text() {
    for (size_t i = 0; i < report_.processes.size(); ++i) {
      if (!report_.processes[i].parent) Process(i, 0);
    }
    // Parents come from a log, so they may form a circle.
    for (size_t i = 0; i < report_.processes.size(); ++i) Process(i, 0);
    for (const ActorRow& actor : report_.actors) {
      if (!actor.process) Actor(actor, 1);
    }
    return std::move(out_);
  }

 private:
  // Recursion as deep as the chain of forks.
  void Process(size_t index, size_t depth) {
    if (shown_[index]) return;
    shown_[index] = true;
    const ProcessRow& row = report_.processes[index];
    Line(depth, painter_.Paint(Style::kBold, fmt::format("pid {}", row.pid)) +
                    fmt::format("  {}  {}", row.program, row.state));
    size_t quiet = 0;
    for (size_t i = 0; i < report_.actors.size(); ++i) {
      const ActorRow& actor = report_.actors[i];
      if (actor.process != index) continue;
      const bool busy = !actor.holds.empty() || wait_of_actor_[i] != nullptr;
      if (busy || options_.all) {
        Actor(actor, depth + 1);
      } else {
        ++quiet;
      }
    }
    if (quiet > 0) {
      Line(depth + 1,
           painter_.Paint(
               Style::kDim,
               Counted(quiet, "actor") +
                   " with nothing held and nothing waited for (--all)"));
    }
    Children(index, depth + 1);
  }

  void Children(size_t index, size_t depth) {
    for (size_t i = 0; i < report_.processes.size(); ++i) {
      if (report_.processes[i].parent == index) Process(i, depth);
    }
  }

  void Actor(const ActorRow& row, size_t depth) {
    Line(depth, painter_.Paint(Style::kBold, ActorHeading(row)) +
                    fmt::format("  tid {}  {}", row.tid, NameOf(row.state)));
    for (const HoldRow& hold : row.holds) {
      const ObjectRow& object = report_.objects[hold.object];
      Line(depth + 1,
           fmt::format("holds  {}{}{}", object.name,
                       hold.mode == model::Mode::kShared ? " (shared)" : "",
                       In(report_, hold.site)));
    }
    const auto index = static_cast<size_t>(&row - report_.actors.data());
    if (wait_of_actor_[index] != nullptr)
      Wait(*wait_of_actor_[index], depth + 1);
  }

  void Wait(const StandingWaitRow& wait, size_t depth) {
    std::string text = fmt::format(
        "waits  {}{}  for {}", report_.objects[wait.wants.object].name,
        In(report_, wait.wants.site), FormatDuration(wait.duration_ns));
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
  std::vector<const StandingWaitRow*> wait_of_actor_;
  std::vector<bool> shown_ = std::vector<bool>(report_.processes.size());
  std::string out_;
};

}  // namespace

std::string StatusText(const Report& report, const StatusOptions& options) {
  const Painter painter(options.colour);
  std::string out = HeaderText(report, options.colour) + "\n";
  size_t stuck = 0;
  for (const StandingWaitRow& wait : report.standing_waits) stuck += wait.stuck;
  out += painter.Paint(Style::kBold, "STATUS");
  out += fmt::format("  {}, {} stuck\n",
                     Counted(report.standing_waits.size(), "standing wait"),
                     stuck);
  return out + StatusTree(report, options).Text();
}

}  // namespace lockcheck::report
