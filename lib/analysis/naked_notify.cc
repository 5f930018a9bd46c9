#include "lib/analysis/naked_notify.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "lib/analysis/raw_ids.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_segments.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {
namespace {

// A wait that was notified, and nobody had the lock meanwhile.
struct UntouchedWait {
  ActorIndex actor = kNone;
  SiteIndex site = kNone;
  ObjectIndex lock = kNone;
};

struct Notified {
  ActorIndex actor = kNone;
  SiteIndex site = kNone;
  uint32_t first_ticket = 0;  // of those that it woke
  uint32_t tickets = 0;
  uint32_t next_ticket = 0;
  bool naked = false;  // not a lock of the waits since the actor's last one
};

struct ConditionUse {
  std::map<uint32_t, UntouchedWait> waits;  // by ticket
  std::vector<Notified> notifications;
  bool has_stop = false;
};

struct Uses {
  std::map<ObjectIndex, ConditionUse> conditions;
  bool is_live = false;  // the log has only what was new
};

bool IsCondition(const RawIds& ids, ObjectIndex object) {
  return object != kNone && model::KeepsNoPost(ids.Kind(object));
}

// One actor's untouched waits.
class WaitReader : public log::RecordVisitor {
 public:
  WaitReader(const log::Recording& recording, ActorIndex actor, Uses& uses)
      : ids_(recording, actor), actor_(actor), uses_(uses) {}

  void OnSegment(const log::SegmentHeader& header) {
    open_.clear();
    for (size_t i = 0; i < header.held_count(); ++i) {
      open_.push_back(header.HeldAt(i).object);
    }
  }
  void OnSection(uint32_t object, uint32_t) {
    Acquired(object, true);
    let_go_ = object;
  }
  void OnSection(const log::AcquireRecord& a, const log::ReleaseRecord&) {
    OnAcquire(a);
    OnRelease({});
  }
  void OnAcquire(const log::AcquireRecord& a) {
    Acquired(a.object, !a.handed_over && a.mode == model::Mode::kExclusive);
    open_.push_back(a.object);
  }
  void OnRelease(const log::ReleaseRecord& r) {
    if (r.depth >= open_.size()) return;
    const auto at = open_.end() - 1 - r.depth;
    let_go_ = *at;
    open_.erase(at);
  }
  void OnReleasedByOther(uint32_t object) {
    const auto at = std::find(open_.rbegin(), open_.rend(), object);
    if (at != open_.rend()) open_.erase(std::next(at).base());
  }
  void OnBlock(const log::BlockRecord& block) {
    const ObjectIndex object = block.join ? kNone : ids_.Object(block.object);
    if (!IsCondition(ids_, object)) return;
    condition_ = GivesUp(block.how) || block.ticket == 0 ? kNone : object;
    ticket_ = block.ticket;
    wait_ = {actor_, ids_.Site(block.site), ids_.Object(let_go_)};
    lock_ = let_go_;
    is_over_ = false;
  }
  void OnUnblock(model::Outcome outcome, uint64_t) {
    if (is_over_) return;  // of the lock that it takes again
    is_over_ = true;
    if (outcome != model::Outcome::kSignalled) condition_ = kNone;
  }
  void OnNote(log::NoteKind kind, uint64_t) {
    uses_.is_live |= kind == log::NoteKind::kLive;
  }

 private:
  // What was let go of for a wait is taken first when it is over.
  void Acquired(uint32_t object, bool untouched) {
    const ObjectIndex condition = std::exchange(condition_, kNone);
    if (condition == kNone || !is_over_ || object != lock_ || !untouched)
      return;
    if (wait_.lock != kNone) uses_.conditions[condition].waits[ticket_] = wait_;
  }

  const RawIds ids_;
  const ActorIndex actor_;
  Uses& uses_;
  std::vector<uint32_t> open_;
  uint32_t let_go_ = 0;  // the latest lock
  ObjectIndex condition_ = kNone;
  UntouchedWait wait_;
  uint32_t ticket_ = 0;
  uint32_t lock_ = 0;
  bool is_over_ = true;
};

// One actor's notifications of conditions with untouched waits.
class NotificationReader : public log::RecordVisitor {
 public:
  NotificationReader(const log::Recording& recording, ActorIndex actor,
                     Uses& uses)
      : ids_(recording, actor), actor_(actor), uses_(uses) {}

  void OnSegment(const log::SegmentHeader& header) {
    open_.clear();
    for (size_t i = 0; i < header.held_count(); ++i)
      Open(header.HeldAt(i).object);
  }
  void OnSection(uint32_t object, uint32_t) {
    used_.insert(ids_.Object(object));
  }
  void OnSection(const log::AcquireRecord& a, const log::ReleaseRecord&) {
    used_.insert(ids_.Object(a.object));
  }
  void OnAcquire(const log::AcquireRecord& a) { Open(a.object); }
  void OnRelease(const log::ReleaseRecord& r) {
    if (r.depth < open_.size()) open_.erase(open_.end() - 1 - r.depth);
  }
  void OnReleasedByOther(uint32_t object) {
    const auto at =
        std::find(open_.rbegin(), open_.rend(), ids_.Object(object));
    if (at != open_.rend()) open_.erase(std::next(at).base());
  }
  void OnPost(const log::PostRecord& post) {
    const ObjectIndex object = ids_.Object(post.object);
    const auto row = uses_.conditions.find(object);
    if (row == uses_.conditions.end()) return;
    ConditionUse& use = row->second;
    use.has_stop |= post.post == model::Post::kStop;
    use.notifications.push_back({actor_, ids_.Site(post.site), post.first,
                                 post.first == 0 ? 0 : post.count,
                                 post.next_ticket, !HadLockOf(use)});
    used_.clear();
    used_.insert(open_.begin(), open_.end());
  }

 private:
  void Open(uint32_t id) {
    open_.push_back(ids_.Object(id));
    used_.insert(open_.back());
  }
  bool HadLockOf(const ConditionUse& use) const {
    return std::any_of(
        use.waits.begin(), use.waits.end(),
        [&](const auto& row) { return used_.contains(row.second.lock); });
  }

  const RawIds ids_;
  const ActorIndex actor_;
  Uses& uses_;
  std::vector<ObjectIndex> open_;
  absl::flat_hash_set<ObjectIndex> used_;  // since the last notification
};

// The one that came after all others, if the tickets say which.
const Notified* LastOf(const ConditionUse& use) {
  const Notified* last = nullptr;
  bool only = false;
  for (const Notified& n : use.notifications) {
    if (last != nullptr && n.next_ticket < last->next_ticket) continue;
    only = last == nullptr || n.next_ticket > last->next_ticket;
    last = &n;
  }
  return only ? last : nullptr;
}

bool RepeatsNaked(const ConditionUse& use, const Notified& last) {
  return std::any_of(use.notifications.begin(), use.notifications.end(),
                     [&](const Notified& n) {
                       return &n != &last && n.actor == last.actor && n.naked;
                     });
}

const UntouchedWait* WokenBy(const Notified& notified,
                             const ConditionUse& use) {
  if (notified.first_ticket == 0) return nullptr;
  const auto at = use.waits.lower_bound(notified.first_ticket);
  return at != use.waits.end() &&
                 at->first - notified.first_ticket < notified.tickets
             ? &at->second
             : nullptr;
}

// It notifies nobody any more.
bool IsOver(const log::Recording& recording, ActorIndex actor) {
  const log::Actor& row = recording.actors[actor];
  return row.ended || (row.how == log::BeginHow::kMain &&
                       recording.processes[row.process].exited);
}

std::optional<Finding> Judge(const log::Recording& recording,
                             ObjectIndex condition, const ConditionUse& use) {
  const Notified* const last = LastOf(use);
  if (use.has_stop || last == nullptr || !last->naked ||
      RepeatsNaked(use, *last) || !IsOver(recording, last->actor)) {
    return std::nullopt;
  }
  const UntouchedWait* const wait = WokenBy(*last, use);
  if (wait == nullptr || wait->actor == last->actor) return std::nullopt;
  Finding finding;
  finding.kind = Kind::kHazard;
  finding.rule = Rule::kNakedNotify;
  finding.parts = {
      {.actor = wait->actor, .wants = condition, .site = wait->site},
      {.actor = last->actor, .wants = condition, .site = last->site}};
  finding.objects = {condition, wait->lock};
  finding.assumes = {
      "nobody notifies after that, as nobody did in this recording"};
  return finding;
}

// False: something is missing.
template <typename Reader>
bool Read(const log::Recording& recording, Uses& uses) {
  const TraceSegments segments(recording, TraceOptions{}.max_words);
  for (ActorIndex a = 0; a < recording.actors.size(); ++a) {
    Reader reader(recording, a, uses);
    if (!segments.Read(a, reader)) return false;
  }
  return true;
}

bool HasConditions(const log::Recording& recording) {
  return std::any_of(recording.objects.begin(), recording.objects.end(),
                     [](const log::Object& object) {
                       return model::KeepsNoPost(object.kind);
                     });
}

}  // namespace

void FindNakedNotifications(const Observations& o,
                            std::vector<Finding>& findings) {
  if (o.recording == nullptr || !o.recording->whole ||
      !HasConditions(*o.recording)) {
    return;
  }
  const log::Recording& recording = *o.recording;
  Uses uses;
  if (!Read<WaitReader>(recording, uses) || uses.is_live ||
      uses.conditions.empty() || !Read<NotificationReader>(recording, uses)) {
    return;
  }
  for (const auto& [condition, use] : uses.conditions) {
    if (auto finding = Judge(recording, condition, use)) {
      findings.push_back(*std::move(finding));
    }
  }
}

}  // namespace lockcheck::analysis
