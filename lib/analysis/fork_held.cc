#include "lib/analysis/fork_held.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "lib/analysis/raw_ids.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {
namespace {

using log::AcquireRecord;
using log::BlockRecord;
using log::NoteKind;
using log::ReleaseRecord;

// Reads a child's stream as long as it has something of what it inherited.
class ChildsBeginning : public log::RecordVisitor {
 public:
  ChildsBeginning(const log::Recording& recording, ActorIndex child)
      : recording_(recording), ids_(recording, child) {
    result_.child = child;
  }

  bool done() const { return begun_ && inherited_ == 0; }
  ForkedUnder Take() && { return std::move(result_); }

  void OnSegment(const log::SegmentHeader& header) {
    if (std::exchange(begun_, true)) return;
    for (size_t i = 0; i < header.held_count(); ++i) {
      const log::RawHold held = header.HeldAt(i);
      holds_.push_back(
          {{ids_.Object(held.object), held.mode, ids_.Site(held.site)}, true});
      ++inherited_;
    }
  }
  void OnNote(NoteKind kind, uint64_t value) {
    const auto low = static_cast<uint32_t>(value);
    const auto high = static_cast<uint32_t>(value >> 32);
    if (kind == NoteKind::kForkActor && result_.forker == kNone) {
      result_.forker = ids_.Actor(low);
      result_.site = ids_.Site(high);
    } else if (kind == NoteKind::kForkActor) {
      holder_ = ids_.Actor(low);
    } else if (kind == NoteKind::kForkHeld) {
      AddHeld(low, ids_.Site(high));
    }
  }
  void OnSection(uint32_t object, uint32_t site) {
    Ask(object, site, model::How::kBlocking, model::Mode::kExclusive);
  }
  void OnSection(const AcquireRecord& a, const ReleaseRecord&) {
    Ask(a.object, a.site, a.how, a.mode);
  }
  void OnAcquire(const AcquireRecord& a) {
    Ask(a.object, a.site, a.how, a.mode);
    holds_.push_back({});
  }
  void OnBlock(const BlockRecord& b) {
    if (!b.join) Ask(b.object, b.site, b.how, b.mode);
  }
  void OnRelease(const ReleaseRecord& r) {
    if (r.depth < holds_.size()) Remove(holds_.size() - 1 - r.depth);
  }
  void OnReleasedByOther(uint32_t object) {
    const ObjectIndex o = ids_.Object(object);
    for (size_t i = holds_.size(); i-- > 0;) {
      if (holds_[i].inherited && holds_[i].hold.object == o) return Remove(i);
    }
  }

 private:
  struct Held {
    Hold hold;
    bool inherited = false;
    bool used = false;
  };

  void AddHeld(uint32_t object, SiteIndex site) {
    if (holder_ >= recording_.actors.size()) return;
    // The child may never have used it.
    const ObjectIndex its =
        recording_.FindObject(recording_.actors[holder_].process, object);
    if (its == kNone) return;
    result_.held.push_back({holder_, its, site});
  }
  void Remove(size_t at) {
    inherited_ -= holds_[at].inherited;
    holds_.erase(holds_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  // Who asks for the lock itself waits for itself: that is said elsewhere.
  void Ask(uint32_t object, uint32_t site, model::How how, model::Mode mode) {
    if (inherited_ == 0) return;
    const ObjectIndex wants = ids_.Object(object);
    if (!model::CanBeHeld(ids_.Kind(wants))) return;
    for (Held& held : holds_) {
      if (!held.inherited || held.used || held.hold.object == kNone ||
          held.hold.object == wants) {
        continue;
      }
      held.used = true;
      result_.inherited.push_back(
          {held.hold, wants, mode, how, ids_.Site(site)});
    }
  }

  const log::Recording& recording_;
  const RawIds ids_;
  ForkedUnder result_;
  bool begun_ = false;
  size_t inherited_ = 0;  // of `holds_`
  std::vector<Held> holds_;
  ActorIndex holder_ = kNone;
};

bool IsForked(const log::Recording& recording, const log::Actor& actor) {
  return actor.how == log::BeginHow::kForkChild ||
         (actor.parent == kNone && actor.process < recording.processes.size() &&
          recording.processes[actor.process].parent != kNone);
}

bool IsOfThreads(const Observations& o, ObjectIndex object) {
  return object < o.object_count &&
         !model::IsBetweenProcesses(o.recording->objects[object].kind);
}

// Processes that ask for locks of threads.
absl::flat_hash_set<log::ProcessIndex> Lockers(const Observations& o) {
  absl::flat_hash_set<log::ProcessIndex> processes;
  const auto add = [&](ActorIndex actor, ObjectIndex object) {
    if (IsOfThreads(o, object)) {
      processes.insert(o.recording->actors[actor].process);
    }
  };
  for (const Dependency& d : o.dependencies) add(d.actor, d.lock);
  for (const Request& r : o.requests) add(r.actor, r.lock);
  return processes;
}

// Who forks asks for nothing: what it wants is the child.
Part ForkersPart(const Observations& o, const ForkedUnder& fork) {
  Part part;
  part.actor = fork.forker;
  part.wants = o.end_object(fork.child);
  part.site = fork.site;
  part.count = 1;
  return part;
}

Part HoldersPart(const ForkedUnder::Held& held) {
  Part part;
  part.actor = held.holder;
  part.holds = {{held.object, model::Mode::kExclusive, held.site}};
  part.count = 1;
  return part;
}

Part ChildsPart(const ForkedUnder& fork, const ForkedUnder::Inherited& i) {
  Part part;
  part.actor = fork.child;
  part.holds = {i.hold};
  part.wants = i.wants;
  part.mode = i.mode;
  part.how = i.how;
  part.site = i.site;
  part.count = 1;
  return part;
}

class Hazards {
 public:
  Hazards(const Observations& o, std::vector<Finding>& findings)
      : o_(o), findings_(findings) {}

  void Add(Rule rule, const ForkedUnder& fork, Part part) {
    const Hold& hold = part.holds.front();
    const auto [row, is_new] = rows_.try_emplace(
        std::tuple(rule, hold.object, hold.site, fork.site), findings_.size());
    if (!is_new) {
      ++findings_[row->second].count;
      return;
    }
    Finding& finding = findings_.emplace_back();
    finding.kind = Kind::kHazard;
    finding.rule = rule;
    finding.objects = {hold.object};
    finding.parts.push_back(std::move(part));
    if (fork.forker != kNone) {
      finding.parts.push_back(ForkersPart(o_, fork));
    }
  }

 private:
  const Observations& o_;
  std::vector<Finding>& findings_;
  std::map<std::tuple<Rule, ObjectIndex, SiteIndex, SiteIndex>, size_t> rows_;
};

}  // namespace

void CollectForkHeld(Observations& o) {
  const log::Recording& recording = *o.recording;
  for (size_t i = 0; i < recording.actors.size(); ++i) {
    const log::Actor& actor = recording.actors[i];
    // What is missing may have been the release.
    if (!IsForked(recording, actor) || actor.segments.empty() ||
        actor.segments.front().number != 0) {
      continue;
    }
    ChildsBeginning beginning(recording, static_cast<ActorIndex>(i));
    uint32_t number = 0;
    for (const log::Segment& segment : actor.segments) {
      if (segment.number != number++) break;
      log::DecodeSegment(segment.words, beginning);
      if (beginning.done()) break;
    }
    ForkedUnder fork = std::move(beginning).Take();
    if (fork.held.empty() && fork.inherited.empty()) continue;
    o.forked_under.push_back(std::move(fork));
  }
}

void FindForkHeld(const Observations& o, std::vector<Finding>& findings) {
  if (o.forked_under.empty()) return;
  const auto lockers = Lockers(o);
  Hazards hazards(o, findings);
  for (const ForkedUnder& fork : o.forked_under) {
    for (const ForkedUnder::Inherited& inherited : fork.inherited) {
      hazards.Add(Rule::kInheritedLock, fork, ChildsPart(fork, inherited));
    }
    if (!lockers.contains(o.recording->actors[fork.child].process)) continue;
    for (const ForkedUnder::Held& held : fork.held) {
      hazards.Add(Rule::kForkWhileHeld, fork, HoldersPart(held));
    }
  }
}

}  // namespace lockcheck::analysis
