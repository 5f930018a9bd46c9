// Which objects are held while anything else happens, and which are in the log
// from their first use on.
//
// Problem: most sections of most logs are of locks that nobody ever keeps, and
// say nothing of who can come to a standstill. Which those are has to be known
// of all actors before the first event is read.
//
// Cost: constant for each record. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_KEPT_LOCKS_H_
#define LOCKCHECK_LIB_ANALYSIS_KEPT_LOCKS_H_

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include "lib/analysis/raw_ids.h"
#include "lib/analysis/trace.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {

// Of one actor's segments; marks in `kept` and `objects`.
class KeptLocks : public log::RecordVisitor {
 public:
  KeptLocks(const log::Recording& recording, ActorIndex actor,
            std::vector<bool>& kept, std::vector<TraceObject>& objects)
      : ids_(recording, actor), kept_(kept), objects_(objects) {}

  void OnSegment(const log::SegmentHeader& header) {
    open_.clear();
    marked_ = 0;
    for (size_t i = 0; i < header.held_count(); ++i) {
      open_.push_back(header.HeldAt(i).object);
    }
  }
  void OnSection(uint32_t, uint32_t) { Mark(); }
  void OnSection(const log::AcquireRecord&, const log::ReleaseRecord&) {
    Mark();
  }
  void OnAcquire(const log::AcquireRecord& a) {
    Mark();
    open_.push_back(a.object);
  }
  void OnRelease(const log::ReleaseRecord& r) {
    if (r.depth >= open_.size()) return;
    // Released before what was acquired later: kept then, too.
    if (r.depth > 0) Mark();
    open_.erase(open_.end() - 1 - r.depth);
    marked_ = std::min(marked_, open_.size());
  }
  void OnReleasedByOther(uint32_t object) {
    Mark();
    const auto at = std::find(open_.rbegin(), open_.rend(), object);
    if (at == open_.rend()) return;
    open_.erase(std::next(at).base());
    marked_ = open_.size();
  }
  void OnPost(const log::PostRecord&) { Mark(); }
  void OnTake(const log::TakeRecord&) { Mark(); }
  void OnAccess(const log::AccessRecord&) { Mark(); }
  void OnBlock(const log::BlockRecord&) { Mark(); }
  void OnFork(uint32_t, uint64_t) { Mark(); }
  void OnJoin(uint32_t, uint64_t) { Mark(); }
  void OnEnd(uint64_t, uint64_t, uint32_t, uint32_t) { Mark(); }
  void OnExit(uint64_t, uint64_t, uint64_t, uint32_t, uint32_t) { Mark(); }
  void OnNote(log::NoteKind kind, uint64_t) {
    is_live |= kind == log::NoteKind::kLive;
  }

  // Its first use by anybody.
  void OnDefObject(model::ObjectKind, uint32_t object, uint32_t, uint32_t,
                   uint64_t, std::string_view, uint32_t) {
    const ObjectIndex o = ids_.Object(object);
    if (o != kNone) objects_[o].whole = true;
  }

  bool is_live = false;  // the log has only what was new

 private:
  void Mark() {
    for (; marked_ < open_.size(); ++marked_) {
      const ObjectIndex o = ids_.Object(open_[marked_]);
      if (o != kNone) kept_[o] = true;
    }
  }

  const RawIds ids_;
  std::vector<bool>& kept_;
  std::vector<TraceObject>& objects_;
  std::vector<uint32_t> open_;
  size_t marked_ = 0;  // of the open ones, the first
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_KEPT_LOCKS_H_
