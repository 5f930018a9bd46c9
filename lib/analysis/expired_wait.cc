#include "lib/analysis/expired_wait.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/permits.h"
#include "lib/analysis/raw_ids.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_segments.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {
namespace {

constexpr size_t kMostWaits = 10'000;

struct ExpiredWait {
  ActorIndex actor = kNone;
  SiteIndex site = kNone;
  uint64_t ticks = 0;  // when its time was over
  std::vector<Hold> holds;
};

struct LockWait {
  ObjectIndex lock = kNone;
  model::Mode mode = model::Mode::kExclusive;
  SiteIndex site = kNone;
  uint64_t from = 0, to = 0;
};

struct Waits {
  absl::flat_hash_map<ObjectIndex, std::vector<ExpiredWait>> of;  // a signal
  size_t count = 0;
};

// What an actor holds, and which wait of it ended how.
class HoldReader : public log::RecordVisitor {
 public:
  HoldReader(const log::Recording& recording, ActorIndex actor)
      : ids_(recording, actor), actor_(actor) {}

  void OnSegment(const log::SegmentHeader& header) {
    held_.clear();
    for (size_t i = 0; i < header.held_count(); ++i) {
      const log::RawHold hold = header.HeldAt(i);
      held_.push_back(
          {ids_.Object(hold.object), hold.mode, ids_.Site(hold.site)});
    }
  }
  void OnAcquire(const log::AcquireRecord& a) {
    held_.push_back({ids_.Object(a.object), a.mode, ids_.Site(a.site)});
  }
  void OnReleasedByOther(uint32_t object) {
    const ObjectIndex o = ids_.Object(object);
    const auto at = std::find_if(held_.rbegin(), held_.rend(),
                                 [&](const Hold& h) { return h.object == o; });
    if (at != held_.rend()) held_.erase(std::next(at).base());
  }

 protected:
  // The object's; kNone: nothing that is known.
  ObjectIndex Release(const log::ReleaseRecord& r) {
    if (r.depth >= held_.size()) return kNone;
    const auto at = held_.end() - 1 - r.depth;
    const ObjectIndex object = at->object;
    held_.erase(at);
    return object;
  }

  const RawIds ids_;
  const ActorIndex actor_;
  std::vector<Hold> held_;
};

class ExpiredReader : public HoldReader {
 public:
  ExpiredReader(const Observations& o, ActorIndex actor, Waits& waits)
      : HoldReader(*o.recording, actor), o_(o), waits_(waits) {}

  void OnRelease(const log::ReleaseRecord& r) { Release(r); }
  void OnBlock(const log::BlockRecord& block) {
    object_ = block.join ? kNone : ids_.Object(block.object);
    if (object_ == kNone || block.how != model::How::kTimed ||
        !AnybodyReleases(o_, object_) || o_.ends_outside(object_)) {
      object_ = kNone;
    }
    site_ = ids_.Site(block.site);
  }
  void OnUnblock(model::Outcome outcome, uint64_t ticks) {
    const ObjectIndex object = std::exchange(object_, kNone);
    if (object == kNone || outcome != model::Outcome::kTimedOut ||
        held_.empty() || waits_.count == kMostWaits) {
      return;
    }
    ++waits_.count;
    waits_.of[object].push_back({actor_, site_, ticks, held_});
  }

 private:
  const Observations& o_;
  Waits& waits_;
  ObjectIndex object_ = kNone;
  SiteIndex site_ = kNone;
};

// Who signals after a wait for a lock.
class SignalReader : public HoldReader {
 public:
  using Rows =
      std::map<std::tuple<ObjectIndex, SiteIndex, ObjectIndex>, size_t>;

  SignalReader(const Observations& o, ActorIndex actor, const Waits& waits,
               Rows& rows, std::vector<Finding>& findings)
      : HoldReader(*o.recording, actor),
        waits_(waits),
        rows_(rows),
        findings_(findings) {}

  void OnBlock(const log::BlockRecord& block) {
    waits_for_.reset();
    if (block.join || GivesUp(block.how)) return;
    waits_for_ = {ids_.Object(block.object), block.mode, ids_.Site(block.site),
                  block.ticks, 0};
  }
  void OnUnblock(model::Outcome outcome, uint64_t ticks) {
    if (waits_for_ && outcome == model::Outcome::kAcquired) {
      waits_for_->to = ticks;
      last_ = waits_for_;
    }
    waits_for_.reset();
  }
  void OnPost(const log::PostRecord& post) {
    if (post.post != model::Post::kClear) Signals(ids_.Object(post.object));
  }
  // A permit that is given back is as good as one that is posted.
  void OnRelease(const log::ReleaseRecord& r) { Signals(Release(r)); }

 private:
  void Signals(ObjectIndex object) {
    if (!last_ || object == kNone) return;
    const auto waits = waits_.of.find(object);
    if (waits == waits_.of.end()) return;
    for (const ExpiredWait& wait : waits->second) {
      if (wait.actor == actor_ || wait.ticks < last_->from ||
          wait.ticks > last_->to) {
        continue;
      }
      for (const Hold& hold : wait.holds) {
        if (hold.object == last_->lock && Exclude(hold.mode, last_->mode)) {
          Add(object, wait, hold);
        }
      }
    }
  }

  void Add(ObjectIndex signal, const ExpiredWait& wait, const Hold& hold) {
    const auto [row, is_new] = rows_.try_emplace(
        std::tuple(signal, wait.site, hold.object), findings_.size());
    if (!is_new) {
      ++findings_[row->second].count;
      return;
    }
    Finding finding;
    finding.kind = Kind::kHazard;
    finding.rule = Rule::kTimedCycle;
    finding.was_refused = true;
    finding.ticks = wait.ticks;
    finding.parts = {{.actor = wait.actor,
                      .holds = {hold},
                      .wants = signal,
                      .how = model::How::kTimed,
                      .site = wait.site},
                     {.actor = actor_,
                      .wants = hold.object,
                      .mode = last_->mode,
                      .site = last_->site}};
    finding.objects = {signal, hold.object};
    findings_.push_back(std::move(finding));
  }

  const Waits& waits_;
  Rows& rows_;
  std::vector<Finding>& findings_;
  std::optional<LockWait> waits_for_;  // now
  std::optional<LockWait> last_;       // that it got
};

bool HasSignals(const Observations& o) {
  const auto& objects = o.recording->objects;
  for (ObjectIndex i = 0; i < objects.size(); ++i) {
    if (AnybodyReleases(o, i)) return true;
  }
  return false;
}

}  // namespace

void FindExpiredWaits(const Observations& o, std::vector<Finding>& findings) {
  if (o.recording == nullptr || !o.recording->whole || !HasSignals(o)) return;
  Waits waits;
  const TraceSegments segments(*o.recording, TraceOptions{}.max_words);
  for (ActorIndex a = 0; a < o.actor_count; ++a) {
    ExpiredReader reader(o, a, waits);
    if (!segments.Read(a, reader)) return;
  }
  if (waits.count == 0) return;
  SignalReader::Rows rows;
  for (ActorIndex a = 0; a < o.actor_count; ++a) {
    SignalReader reader(o, a, waits, rows, findings);
    segments.Read(a, reader);
  }
}

}  // namespace lockcheck::analysis
