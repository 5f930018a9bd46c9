#include "lib/log/std_export.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/log/place_frame.h"
#include "lib/log/std_format.h"
#include "lib/log/std_order.h"

namespace lockcheck::log {
namespace {

// No blank, no control character, none that the format uses.
std::string Plain(std::string_view name) {
  std::string plain(name);
  for (char& c : plain) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f || c == '|' || c == '(' || c == ')') {
      c = '_';
    }
  }
  if (IsStdComment(plain)) plain.insert(plain.begin(), '_');
  return plain;
}

// Names that nobody else has.
class Names {
 public:
  // `name` if it is free, else it and the number, which none of the others has.
  std::string Take(std::string_view name, uint32_t number) {
    std::string taken = Plain(name);
    while (!names_.insert(taken).second) absl::StrAppend(&taken, "#", number);
    return taken;
  }

 private:
  absl::flat_hash_set<std::string> names_;
};

class Exporter {
 public:
  explicit Exporter(const Recording& recording) : recording_(recording) {
    NameAll();
  }

  StdExport Run() {
    const StdOrderResult result = PutInOrder(
        recording_,
        [&](ActorIndex actor, const StdStep& step) { Write(actor, step); });
    const StdLeftOut& left = result.left_out;
    Note(result.unseen_starts,
         "thread's start is not in the log, so in the text it",
         "threads' starts are not in the log, so in the text they",
         "can run at any time");
    Note(left.shared_holds, "shared hold is", "shared holds are", "left out");
    Note(left.passages, "passage of a once_flag is",
         "passages of once_flags are",
         "left out, and with them that its function had run before");
    Note(left.other_objects, "act on an object that is no lock is",
         "acts on objects that are no locks are",
         "left out: semaphores, events, queues and others");
    Note(left.cut_holds, "hold is", "holds are",
         "left out: the acquisition is missing in the log");
    Note(left.as_blocking, "try or timed acquisition is",
         "try and timed acquisitions are",
         "written as blocking ones, since the format has no others");
    if (result.stopped > 0) {
      out_.contradiction = absl::StrCat(
          recording_.path, ": its records contradict each other, so ",
          result.stopped, " of ", recording_.actors.size(),
          " actors are cut short, A",
          recording_.actors[result.first_stopped].id,
          " among them; record it again");
    }
    return std::move(out_);
  }

 private:
  std::string UnnamedObject(const Object& object) const {
    std::string name = model::PrimitiveOf(object.kind).name;
    if (object.place < recording_.places.size()) {
      const Place& place = recording_.places[object.place];
      const size_t slash = place.file.rfind('/');
      absl::StrAppend(
          &name, "@",
          place.file.substr(slash == place.file.npos ? 0 : slash + 1), ":",
          place.line);
    }
    return name;
  }

  void NameAll() {
    Names locks, conditions, variables, actors;
    for (const Object& object : recording_.objects) {
      Names& names = model::MayFindNothing(object.kind) ? conditions
                     : model::IsData(object.kind)       ? variables
                                                        : locks;
      objects_.push_back(
          names.Take(object.name.empty() ? UnnamedObject(object) : object.name,
                     object.id));
    }
    for (const Actor& actor : recording_.actors) {
      actors_.push_back(actors.Take(
          actor.name.empty() ? absl::StrCat("A", actor.id) : actor.name,
          actor.id));
    }
    for (const Site& site : recording_.sites) {
      std::string location = absl::StrCat(site.id);
      if (!site.frames.empty()) {
        const Place* place = PlaceOf(recording_, site.frames[0]);
        if (place != nullptr) location = Plain(place->function);
      }
      locations_.push_back(std::move(location));
    }
  }

  static StdOp OpOf(StdStepKind kind) {
    switch (kind) {
      case StdStepKind::kAcquire:
        return StdOp::kAcquire;
      case StdStepKind::kRelease:
        return StdOp::kRelease;
      case StdStepKind::kRequest:
        return StdOp::kRequest;
      case StdStepKind::kFork:
        return StdOp::kFork;
      case StdStepKind::kJoin:
        return StdOp::kJoin;
      case StdStepKind::kNotifyOne:
        return StdOp::kNotify;
      case StdStepKind::kNotifyAll:
        return StdOp::kNotifyAll;
      case StdStepKind::kRead:
        return StdOp::kRead;
      case StdStepKind::kWrite:
        return StdOp::kWrite;
      default:
        return StdOp::kWait;
    }
  }

  void Write(ActorIndex actor, const StdStep& step) {
    const bool of_actor =
        step.kind == StdStepKind::kFork || step.kind == StdStepKind::kJoin;
    const std::string_view op = NameOf(OpOf(step.kind));
    std::string& text = out_.text;
    text.append(actors_[actor]).append("|").append(op).append("(");
    text.append(of_actor ? actors_[step.object] : objects_[step.object]);
    text.append(")|");
    // Other readers want a number.
    text.append(step.site < locations_.size() ? locations_[step.site] : "0");
    text.append("\n");
  }

  void Note(uint64_t count, const char* one, const char* many,
            const char* what) {
    if (count == 0) return;
    out_.notes.push_back(absl::StrCat(recording_.path, ": ", count, " ",
                                      count == 1 ? one : many, " ", what));
  }

  const Recording& recording_;
  std::vector<std::string> objects_, actors_, locations_;
  StdExport out_;
};

}  // namespace

StdExport ExportStd(const Recording& recording) {
  return Exporter(recording).Run();
}

}  // namespace lockcheck::log
