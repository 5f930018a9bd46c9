// lockcheck shm list|clean: the named objects that processes share.
#include "tools/lockcheck/shm.h"

#include <algorithm>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/report/nearest.h"
#include "lib/report/sites.h"
#include "lib/report/suppress.h"
#include "lockcheck/internal/segment.h"
#include "nlohmann/json.hpp"
#include "tools/lockcheck/commands.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/output.h"
#include "tools/lockcheck/segments.h"

namespace lockcheck::tools {
namespace {

using report::Printable;
using Value = nlohmann::ordered_json;

// ---- list -------------------------------------------------------------------
std::string UsersText(const Segment& segment) {
  if (segment.users.empty()) {
    return segment.is_used ? "open in a process that cannot be seen"
                           : "nobody has it open";
  }
  std::vector<std::string> users;
  for (const SegmentUser& user : segment.users) {
    users.push_back(fmt::format("{} ({})", user.pid, Printable(user.program)));
  }
  return fmt::format("open in {}", fmt::join(users, ", "));
}

std::string LockText(const SharedLock& lock) {
  const std::string name = lock.name.empty()
                               ? fmt::format("the lock at {}", lock.offset)
                               : Printable(lock.name);
  switch (lock.state) {
    case SharedLockState::kFree:
      return "";
    case SharedLockState::kHeld:
      return fmt::format("    {}: held by {}\n", name, lock.owner);
    case SharedLockState::kOwnerDied:
      return fmt::format("    {}: its owner died while it had it\n", name);
    case SharedLockState::kNotRecoverable:
      break;
  }
  return fmt::format(
      "    {}: not recoverable, its owner died and nobody called "
      "consistent()\n",
      name);
}

std::string_view StateText(SegmentState state) {
  switch (state) {
    case SegmentState::kComplete:
      return "";
    case SegmentState::kBeingMade:
      return ", which is being made";
    case SegmentState::kUnfinished:
      return ", unfinished: who made it died";
    case SegmentState::kForeign:
      return ", which this lockcheck did not make";
    case SegmentState::kUnreadable:
      break;
  }
  return ", which may not be read";
}

std::string SegmentText(const Segment& segment) {
  const bool is_ours = segment.creator != 0;
  std::string text =
      fmt::format("{}  {} bytes  {}{}\n", Printable(segment.name),
                  is_ours ? segment.bytes : segment.file_bytes,
                  !segment.type.empty() ? Printable(segment.type)
                                        : "of a type that is not known",
                  StateText(segment.state));
  text += "    ";
  if (is_ours) {
    text += fmt::format("made by {}{}; ", segment.creator,
                        segment.creator_lives ? "" : ", which is gone");
  }
  text += UsersText(segment);
  text += segment.until_last_user ? "; its last user removes it\n" : "\n";
  for (const SharedLock& lock : segment.locks) text += LockText(lock);
  if (segment.locks_not_shown != 0) {
    text += fmt::format("    and {} locks that are not looked at\n",
                        segment.locks_not_shown);
  }
  return text;
}

Value SegmentJson(const Segment& segment) {
  Value users = Value::array(), locks = Value::array();
  for (const SegmentUser& user : segment.users) {
    users.push_back({{"pid", user.pid}, {"program", user.program}});
  }
  for (const SharedLock& lock : segment.locks) {
    locks.push_back({{"name", lock.name},
                     {"offset", lock.offset},
                     {"state", NameOf(lock.state)},
                     {"owner_tid", lock.owner}});
  }
  return {{"name", segment.name},
          {"path", segment.path},
          {"state", NameOf(segment.state)},
          {"bytes", segment.bytes},
          {"file_bytes", segment.file_bytes},
          {"type", segment.type},
          {"creator", segment.creator},
          {"creator_lives", segment.creator_lives},
          {"until_last_user", segment.until_last_user},
          {"in_use", segment.IsInUse()},
          {"users", std::move(users)},
          {"locks", std::move(locks)},
          {"locks_not_shown", segment.locks_not_shown}};
}

std::string JsonText(const Value& value) {
  Value all = {{"schema", 1}};
  all.update(value);
  return all.dump(2, ' ', false, Value::error_handler_t::replace) + "\n";
}

ShmResult List(const std::vector<Segment>& segments) {
  ShmResult result;
  Value rows = Value::array();
  for (const Segment& segment : segments) {
    result.text += SegmentText(segment);
    rows.push_back(SegmentJson(segment));
  }
  const auto left =
      std::count_if(segments.begin(), segments.end(),
                    [](const Segment& segment) { return !segment.IsInUse(); });
  result.text +=
      fmt::format("{} shared {}{}\n", segments.size(),
                  segments.size() == 1 ? "object" : "objects",
                  left == 0 ? ""
                            : fmt::format(", {} of which nobody has open "
                                          "(lockcheck shm clean)",
                                          left));
  result.json = JsonText({{"segments", std::move(rows)}});
  return result;
}

// ---- clean ------------------------------------------------------------------
struct Row {
  Segment segment;
  Removal removal;
};

std::string RowText(const Row& row, bool force) {
  switch (row.removal) {
    case Removal::kRemoved:
      return fmt::format("removed {}{}\n",
                         Printable(Printable(row.segment.name)),
                         force && row.segment.IsInUse()
                             ? fmt::format(" ({}; they keep the memory)",
                                           UsersText(row.segment))
                             : "");
    case Removal::kInUse:
      return fmt::format("kept {}: {} (--force removes it all the same)\n",
                         row.segment.name, UsersText(row.segment));
    case Removal::kNotOurs:
      return fmt::format("kept {}{}\n", Printable(Printable(row.segment.name)),
                         StateText(row.segment.state));
    case Removal::kGone:
      break;
  }
  return fmt::format("{} is gone already\n", Printable(row.segment.name));
}

ShmResult Cleaned(const std::vector<Row>& rows, bool force, bool all) {
  ShmResult result;
  Value removed = Value::array(), kept = Value::array();
  for (const Row& row : rows) {
    result.text += RowText(row, force);
    const bool stays =
        row.removal == Removal::kInUse || row.removal == Removal::kNotOurs;
    (stays ? kept : removed).push_back(row.segment.name);
    if (stays && !all) result.status = kExitFindings;
  }
  if (rows.empty()) result.text = "nothing to remove\n";
  result.json =
      JsonText({{"removed", std::move(removed)}, {"kept", std::move(kept)}});
  return result;
}

// ---- Which ones -------------------------------------------------------------
bool IsMeant(const Segment& segment, const std::vector<std::string>& names) {
  return names.empty() ||
         std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return report::GlobMatches(name, segment.name);
         });
}

// The line for a name that nothing has, or "".
std::string Unknown(const std::vector<Segment>& segments,
                    const std::vector<std::string>& names) {
  std::vector<std::string> there;
  there.reserve(segments.size());
  for (const Segment& segment : segments) there.push_back(segment.name);
  for (const std::string& name : names) {
    // That a pattern finds nothing is no mistake.
    if (name.find_first_of("*?") != name.npos) continue;
    if (std::find(there.begin(), there.end(), name) != there.end()) continue;
    return fmt::format("no shared object is called '{}'{}", name,
                       report::DidYouMean(report::Nearest(name, there)));
  }
  return "";
}

}  // namespace

ShmResult Shm(const std::string& folder, const ShmOptions& options) {
  auto found = FindSegments(folder);
  if (!found.ok()) {
    return {"", "", std::string(found.status().message()), kExitFile};
  }
  if (std::string error = Unknown(*found, options.names); !error.empty()) {
    return {"", "", std::move(error), kExitUsage};
  }
  std::erase_if(*found, [&](const Segment& segment) {
    return !IsMeant(segment, options.names);
  });
  if (!options.clean) return List(*found);
  std::vector<Row> rows;
  std::string error;
  for (const Segment& segment : *found) {
    const auto removal = RemoveSegment(segment, options.force);
    if (removal.ok()) {
      rows.push_back({segment, *removal});
    } else if (error.empty()) {
      error = std::string(removal.status().message());
    }
  }
  ShmResult result = Cleaned(rows, options.force, options.all);
  result.error = std::move(error);
  if (!result.error.empty()) result.status = kExitFile;
  return result;
}

int RunShm(const Options& options) {
  const ShmResult result = Shm(internal::kSegmentFolder, options.shm);
  absl::Status status;
  const bool json_only = options.json == "-";
  if (!json_only && !result.text.empty()) {
    status = WriteToStandardOutput(result.text);
  }
  if (!options.json.empty() && !result.json.empty() && status.ok()) {
    status = WriteToFile(options.json, result.json);
  }
  if (!result.error.empty()) Complain(result.error);
  if (status.ok()) return result.status;
  Complain(std::string(status.message()));
  return kExitFile;
}

}  // namespace lockcheck::tools
