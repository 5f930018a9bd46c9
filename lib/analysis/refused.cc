#include "lib/analysis/refused.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "lib/analysis/raw_ids.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {
namespace {

std::vector<RefusedMoment> MomentsOf(const log::Recording& recording,
                                     std::span<const Piece> pieces) {
  std::vector<RefusedMoment> moments;
  for (const Piece& piece : pieces) {
    for (const Piece::Left& left : piece.left) {
      moments.push_back(
          {.actor = piece.actor, .ticks = left.ticks, .left = left.coroutines});
    }
    for (const uint64_t ticks : piece.refused) {
      moments.push_back({.actor = piece.actor, .ticks = ticks});
    }
    for (const uint64_t ticks : piece.timed_out) {
      moments.push_back(
          {.actor = piece.actor, .ticks = ticks, .timed_out = true});
    }
  }
  // Each is judged over all actors: first of all those that are deadlocks. A
  // coroutine's may be none, for one that is destroyed leaves the same.
  const size_t actors = recording.actors.size();
  const size_t most =
      std::min(kMostRefusals, kMostActorsJudged / (actors + 1) + 1);
  if (moments.size() > most) {
    const auto rank = [&](const RefusedMoment& m) {
      const bool may_be_destroyed =
          m.left.empty() &&
          recording.actors[m.actor].how == log::BeginHow::kCoroutine;
      return std::tuple(m.timed_out, may_be_destroyed, m.ticks);
    };
    std::stable_sort(moments.begin(), moments.end(),
                     [&](const RefusedMoment& a, const RefusedMoment& b) {
                       return rank(a) < rank(b);
                     });
    moments.resize(most);
  }
  std::stable_sort(moments.begin(), moments.end(),
                   [](const RefusedMoment& a, const RefusedMoment& b) {
                     return a.ticks < b.ticks;
                   });
  return moments;
}

// Follows one actor's holds, and adds each of its waits to the moments that lie
// in it.
class WaitsOfActor : public log::RecordVisitor {
 public:
  WaitsOfActor(const log::Recording& recording, ActorIndex actor,
               std::vector<RefusedMoment>& moments)
      : actor_(actor), ids_(recording, actor), moments_(moments) {}

  using log::RecordVisitor::OnSection;
  void OnSegment(const log::SegmentHeader& header) {
    held_.clear();
    for (size_t i = 0; i < header.held_count(); ++i) {
      const log::RawHold held = header.HeldAt(i);
      Push(held.object, held.site, held.mode);
    }
  }
  void OnAct() { wait_.reset(); }
  void OnAcquire(const log::AcquireRecord& a) {
    Push(a.object, a.site, a.mode);
  }
  void OnRelease(const log::ReleaseRecord& r) {
    if (r.depth < held_.size()) {
      held_.erase(held_.end() - 1 - static_cast<std::ptrdiff_t>(r.depth));
    }
  }
  void OnReleasedByOther(uint32_t object) {
    const auto last = std::find_if(
        held_.rbegin(), held_.rend(),
        [&](const Hold& h) { return h.object == ids_.Object(object); });
    if (last != held_.rend()) held_.erase(std::next(last).base());
  }
  void OnBlock(const log::BlockRecord& block) {
    wait_ = Wait{.object = ids_.Target(block.object, block.join),
                 .joins = block.join,
                 .how = block.how,
                 .mode = block.mode,
                 .site = ids_.Site(block.site),
                 .owner = ids_.Actor(block.owner),
                 .owner_site = ids_.Site(block.owner_site),
                 .since_ticks = block.ticks,
                 .ticket = block.ticket};
  }
  void OnWaitStack(uint32_t stack) {
    if (wait_) wait_->stack = ids_.Stack(stack);
  }
  void OnUnblock(model::Outcome, uint64_t ticks) { EndWait(ticks); }
  void OnJoin(uint32_t, uint64_t ticks) { EndWait(ticks); }
  void Finish() { EndWait(UINT64_MAX); }

 private:
  void Push(uint32_t object, uint32_t site, model::Mode mode) {
    held_.push_back({ids_.Object(object), mode, ids_.Site(site)});
  }
  void EndWait(uint64_t ticks) {
    if (!wait_) return;
    auto moment = std::lower_bound(
        moments_.begin(), moments_.end(), wait_->since_ticks,
        [](const RefusedMoment& m, uint64_t since) { return m.ticks < since; });
    for (; moment != moments_.end() && moment->ticks <= ticks; ++moment) {
      moment->waiting.push_back({actor_, held_, *wait_});
    }
    wait_.reset();
  }

  const ActorIndex actor_;
  const RawIds ids_;
  std::vector<RefusedMoment>& moments_;
  std::vector<Hold> held_;
  std::optional<Wait> wait_;
};

}  // namespace

std::vector<RefusedMoment> RefusedMoments(const log::Recording& recording,
                                          std::span<const Piece> pieces) {
  std::vector<RefusedMoment> moments = MomentsOf(recording, pieces);
  if (moments.empty()) return moments;
  for (ActorIndex actor = 0; actor < recording.actors.size(); ++actor) {
    WaitsOfActor waits(recording, actor, moments);
    for (const log::Segment& segment : recording.actors[actor].segments) {
      log::DecodeSegment(segment.words, waits);
    }
    waits.Finish();
  }
  return moments;
}

}  // namespace lockcheck::analysis
