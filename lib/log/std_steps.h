// One actor's records as the steps that a trace in the STD format can say, for
// StdExport: with what orders them, and a count of what it cannot say.
//
// Locks are what their holders alone can free; of those, exclusive holds. A
// hold whose acquisition is missing (it is older than the recording, or was
// lost) is left out with its release.
//
// Memory: the steps of one segment, and what the actor holds. Not thread-safe.
#ifndef LOCKCHECK_LIB_LOG_STD_STEPS_H_
#define LOCKCHECK_LIB_LOG_STD_STEPS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/log/decode.h"
#include "lib/log/recording.h"

namespace lockcheck::log {

enum class StdStepKind : uint8_t {
  kAcquire,
  kRelease,
  kRequest,  // that stands at the log's end
  kFork,
  kJoin,
  kWait,   // for a notification
  kWoken,  // it has come; a trace does not say it
  kNotifyOne,
  kNotifyAll,
  kRead,   // a variable
  kWrite,  // a variable; an update is a read and a write
};

struct StdStep {
  StdStepKind kind = StdStepKind::kAcquire;
  uint32_t object = kNone;  // kFork, kJoin: the actor
  SiteIndex site = kNone;
  // kAcquire: the hand-over count. kWait, kWoken: the ticket. kNotify...: the
  // first ticket that it releases. kRead, kWrite: the version that it finds or
  // makes.
  uint32_t order = 0;
  uint32_t count = 0;  // kNotify...: how many it releases
};

struct StdLeftOut {
  uint64_t shared_holds = 0;
  uint64_t passages = 0;       // of once_flags, whose functions had run
  uint64_t other_objects = 0;  // acts on semaphores, events, queues, ...
  uint64_t cut_holds = 0;      // of which the acquisition is missing
  uint64_t as_blocking = 0;    // not left out: written as blocking ones
};

class StdSteps : public RecordVisitor {
 public:
  StdSteps(const Recording& recording, ActorIndex actor);

  // The steps of the actor's next segment. False: there is none; then `steps`
  // has what stands at the end, once.
  bool Next(std::vector<StdStep>& steps);
  const StdLeftOut& left_out() const { return left_out_; }

  // For DecodeSegment().
  void OnSegment(const SegmentHeader& header);
  void OnAct() { wait_.reset(); }
  void OnSection(uint32_t object, uint32_t site);
  void OnSection(const AcquireRecord& a, const ReleaseRecord&);
  void OnAcquire(const AcquireRecord& a);
  void OnRelease(const ReleaseRecord& r);
  void OnReleasedByOther(uint32_t object);
  void OnPost(const PostRecord& post);
  void OnTake(const TakeRecord& take);
  void OnAccess(const AccessRecord& access);
  void OnBlock(const BlockRecord& block);
  void OnUnblock(model::Outcome outcome, uint64_t);
  void OnFork(uint32_t child, uint64_t);
  void OnJoin(uint32_t child, uint64_t);

 private:
  struct Open {
    uint32_t id;         // in the file
    ObjectIndex object;  // kNone: it is left out
  };
  struct StandingWait {
    StdStep step;
    bool notification;  // else a request
  };

  ObjectIndex ObjectOf(uint32_t id) const;
  bool IsLock(ObjectIndex object) const;
  bool IsCondition(ObjectIndex object) const;
  Open Acquired(const AcquireRecord& a);
  void Released(const Open& open);
  void Add(const StdStep& step) { steps_->push_back(step); }

  const Recording& recording_;
  const ActorIndex actor_;
  size_t next_segment_ = 0;
  bool finished_ = false;
  std::vector<StdStep>* steps_ = nullptr;
  std::vector<Open> open_;  // outermost first
  absl::flat_hash_map<ObjectIndex, uint32_t> handovers_;
  std::optional<StandingWait> wait_;
  SiteIndex join_site_ = kNone;
  StdLeftOut left_out_;
};

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_STD_STEPS_H_
