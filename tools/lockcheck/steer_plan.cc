#include "tools/lockcheck/steer_plan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "lib/model/primitives.h"
#include "lib/report/nearest.h"
#include "lib/report/sites.h"

namespace lockcheck::tools {
namespace {

using model::ObjectKind;
using report::FindingRow;
using report::PartRow;
using report::Report;

bool IsJoin(const Report& report, const PartRow& part) {
  return report.objects[part.wants->object].kind == ObjectKind::kActorEnd;
}

// Locks whose requests a thread makes, and can be held back from.
bool CanBeAskedLate(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kMutex:
    case ObjectKind::kTimedMutex:
    case ObjectKind::kRecursiveMutex:
    case ObjectKind::kRecursiveTimedMutex:
    case ObjectKind::kSharedMutex:
    case ObjectKind::kSharedTimedMutex:
    case ObjectKind::kActorEnd:
      return true;
    default:
      return false;
  }
}

std::string_view LastPart(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// The instruction. A report's site stands for a line, or for a function where
// lines are not known; the stack of a hold or a request begins with the very
// place.
template <typename Row>
const report::SourceLine* PlaceOf(const Report& report, const Row& row) {
  if (!row.stack.empty()) return &row.stack[0];
  return row.site ? &report.sites[*row.site].where : nullptr;
}

template <typename Row>
bool IsPlaceKnown(const Report& report, const Row& row) {
  const report::SourceLine* const place = PlaceOf(report, row);
  return place != nullptr && !place->module.empty();
}

template <typename Row>
void SetPlace(const Report& report, const Row& row, model::SteerPlace& place) {
  const report::SourceLine& where = *PlaceOf(report, row);
  const std::string_view module = LastPart(where.module);
  place = {};
  module.copy(place.module, sizeof(place.module) - 1);
  place.offset = where.offset;
}

std::vector<SteerPlan::Late> TurnsOf(const Report& report,
                                     const FindingRow& row,
                                     const model::SteerFile& file) {
  std::vector<SteerPlan::Late> turns = {{}};
  for (uint32_t i = 0; i < file.parties; ++i) {
    const PartRow& part = row.parts[i];
    SteerPlan::Late outside = {i, file.party[i].took};
    if (part.outer != 0 && part.holds.size() > 1 &&
        IsPlaceKnown(report, part.holds[1])) {
      SetPlace(report, part.holds[1], outside.at);
    }
    if (outside.at.module[0] != 0) turns.push_back(outside);
  }
  for (uint32_t i = 0; i < file.parties; ++i) {
    if (row.parts[i].outer != 0 && file.party[i].took.module[0] != 0) {
      turns.push_back({i, file.party[i].took});
    }
  }
  return turns;
}

absl::Status Cannot(std::string_view why) {
  return absl::InvalidArgumentError(
      fmt::format("{}; what can be steered into is a cycle of locks and joins "
                  "of the threads of one process",
                  why));
}

}  // namespace

absl::StatusOr<const FindingRow*> FindingOf(const Report& report,
                                            const std::string& id) {
  std::vector<const FindingRow*> found;
  std::vector<std::string> ids;
  for (const FindingRow& row : report.findings) {
    if (row.id == id) return &row;
    if (row.id.starts_with(id)) found.push_back(&row);
    ids.push_back(row.id);
  }
  if (id.empty() || found.empty()) {
    return absl::NotFoundError(fmt::format(
        "no finding of this log{} has the id '{}'{}; `lockcheck "
        "analyze --all` shows the ids",
        report.whole ? "" : ", which is cut,", report::Printable(id),
        report::DidYouMean(report::Nearest(id, ids))));
  }
  if (found.size() > 1) {
    return absl::NotFoundError(
        fmt::format("the ids of {} findings begin with '{}'", found.size(),
                    report::Printable(id)));
  }
  return found[0];
}

absl::Status CanBeSteered(const Report& report, const FindingRow& row) {
  if (row.kind != report::FindingKind::kDeadlock || row.parts.size() < 2 ||
      (row.rule != "lock-order" && row.rule != "wait-for")) {
    return Cannot(fmt::format("{} is a {}, no cycle", row.id, row.rule));
  }
  if (row.parts.size() > model::kMostParties) {
    return Cannot(fmt::format("{} has {} parties, more than {}", row.id,
                              row.parts.size(), model::kMostParties));
  }
  std::set<std::optional<uint32_t>> processes;
  for (size_t i = 0; i < row.parts.size(); ++i) {
    const PartRow& part = row.parts[i];
    const PartRow& next = row.parts[(i + 1) % row.parts.size()];
    if (!part.wants || !part.actor) {
      return Cannot("one that takes part only holds something");
    }
    const report::ActorRow& actor = report.actors[*part.actor];
    if (actor.kind == "coroutine") {
      return Cannot(fmt::format("{} is a coroutine", actor.label));
    }
    if (IsJoin(report, part) && next.actor &&
        report.actors[*next.actor].kind == "task") {
      return Cannot(fmt::format("{} is a task, and no thread that is joined",
                                report.actors[*next.actor].label));
    }
    processes.insert(actor.process);
    const report::ObjectRow& object = report.objects[part.wants->object];
    if (part.wants->how == model::How::kRetried) {
      return Cannot(fmt::format("{} is tried by std::lock, and not waited for",
                                object.name));
    }
    if (!CanBeAskedLate(object.kind)) {
      return Cannot(fmt::format("{} is no lock of threads", object.name));
    }
    const bool is_held_somewhere =
        IsJoin(report, part) ||
        (!next.holds.empty() && IsPlaceKnown(report, next.holds[0]));
    if (!IsPlaceKnown(report, *part.wants) || !is_held_somewhere) {
      return Cannot("the log does not say where everything happens");
    }
  }
  if (processes.size() > 1) {
    return Cannot(fmt::format("those who take part are in {} processes",
                              processes.size()));
  }
  return absl::OkStatus();
}

absl::StatusOr<SteerPlan> SteerPlan::At(const std::string& path,
                                        const Report& report,
                                        const FindingRow& row) {
  const int fd =
      open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int error = fd < 0 ? errno : posix_fallocate(fd, 0, sizeof(model::SteerFile));
  void* memory = MAP_FAILED;
  if (error == 0) {
    memory = mmap(nullptr, sizeof(model::SteerFile), PROT_READ | PROT_WRITE,
                  MAP_SHARED, fd, 0);
    error = errno;
  }
  if (fd >= 0) close(fd);
  if (memory == MAP_FAILED) {
    return absl::UnavailableError(
        fmt::format("{}: cannot be written: {}", path, std::strerror(error)));
  }
  auto* const file = new (memory) model::SteerFile{};
  file->magic = model::kSteerMagic;
  file->command = getpid();
  file->parties = static_cast<uint32_t>(row.parts.size());
  for (uint32_t i = 0; i < file->parties; ++i) {
    const PartRow& part = row.parts[i];
    const PartRow& before = row.parts[(i + file->parties - 1) % file->parties];
    SetPlace(report, *part.wants, file->party[i].asks);
    file->party[i].joins = IsJoin(report, part);
    const std::string& kind = report.actors[*part.actor].kind;
    file->party[i].is_main = kind == "main" || kind == "fork-child";
    if (!IsJoin(report, before)) {
      SetPlace(report, part.holds[0], file->party[i].took);
    }
  }
  SteerPlan plan;
  plan.turns_ = TurnsOf(report, row, *file);
  plan.path_ = path;
  plan.file_.reset(file);
  return plan;
}

void SteerPlan::Prepare(const Late& late, uint32_t patience_ms,
                        uint32_t budget_ms) {
  file_->late = late.party;
  file_->late_at = late.at;
  file_->places = 0;
  file_->patience_ms = patience_ms;
  file_->budget_ms = budget_ms;
  file_->met = 0;
  for (model::SteerParty& party : file_->party) {
    for (std::atomic<uint32_t>* count :
         {&party.arrived, &party.gave_up, &party.waited_ms}) {
      count->store(0);
    }
  }
}

void SteerPlan::Unmap::operator()(model::SteerFile* file) const {
  munmap(file, sizeof(*file));
}

}  // namespace lockcheck::tools
