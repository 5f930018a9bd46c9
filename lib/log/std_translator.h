// What the events of a trace mean, one by one, as a log's records: the middle
// of StdImport, which feeds it lines.
#ifndef LOCKCHECK_LIB_LOG_STD_TRANSLATOR_H_
#define LOCKCHECK_LIB_LOG_STD_TRANSLATOR_H_

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "lib/log/block_file.h"
#include "lib/log/made_record.h"
#include "lib/log/segment_stream.h"
#include "lib/log/std_condition.h"
#include "lib/log/std_format.h"

namespace lockcheck::log {

// What was left out, or read in a way of its own.
enum class StdOddity : uint8_t {
  kBranch,         // branches
  kUnheldRelease,  // of a lock that the thread does not hold
  kReentered,      // acquisitions of a lock that the thread holds
  kGivenUp,        // requests that were not followed by their acquisition
  kTimedOut,       // waits that no notification can have ended
  kCount,
};

class StdTranslator {
 public:
  StdTranslator(std::string name, BlockFile::Write write);

  // Errors lack the line: InvalidArgument; or they are those of the file.
  absl::Status Add(const StdEvent& event, uint64_t line);
  absl::Status Finish();
  std::vector<std::string> notes() const;

 private:
  using ThreadIndex = uint32_t;
  static constexpr uint32_t kNobody = UINT32_MAX;

  struct Lock {
    uint32_t id = 0;
    ThreadIndex holder = kNobody, last = kNobody;
    uint64_t held_since = 0;  // line
    uint32_t holder_site = 0;
    uint32_t handovers = 0;
  };
  struct Variable {
    uint32_t id = 0;
    uint32_t version = 0;  // how often it was written
  };
  struct Condition {
    uint32_t id = 0;
    StdCondition waits;
  };
  enum class Pending : uint8_t { kNothing, kRequest, kWait };
  struct Thread {
    explicit Thread(uint32_t id) : stream(id, /*process=*/1) {}
    std::string_view name;  // the key of thread_ids_, which stays
    SegmentStream stream;
    std::vector<RawHold> held;      // outermost first
    std::vector<uint32_t> entries;  // of each: how often it was acquired
    std::vector<uint32_t> locks;    // of each: index into locks_
    uint64_t first_line = 0, forked_line = 0, joined_line = 0;
    ThreadIndex parent = kNobody;
    bool begun = false, ended = false;
    bool ends = false;  // its last event says that something ends
    // What is written when it goes on, or at the trace's end.
    Pending pending = Pending::kNothing;
    uint32_t object = 0;  // index into locks_ or conditions_
    uint32_t site = 0;
  };

  struct Name {
    uint32_t index;
    bool is_new;
  };
  ThreadIndex ThreadOf(std::string_view name);
  uint32_t LockOf(std::string_view name, ThreadIndex user, uint32_t site);
  uint32_t ConditionOf(std::string_view name, ThreadIndex user, uint32_t site);
  uint32_t SiteOf(std::string_view location, ThreadIndex user);
  uint32_t Define(model::ObjectKind kind, std::string_view name,
                  ThreadIndex user, uint32_t site);

  absl::Status Act(ThreadIndex thread, const StdEvent& event);
  absl::Status Access(ThreadIndex thread, model::Access access,
                      std::string_view name, uint32_t site);
  absl::Status Acquire(ThreadIndex thread, uint32_t lock, uint32_t site);
  void WriteAcquire(ThreadIndex thread, const Lock& lock, uint32_t site,
                    bool handed_over);
  absl::Status Release(ThreadIndex thread, std::string_view name);
  absl::Status Request(ThreadIndex thread, std::string_view name,
                       uint32_t site);
  absl::Status Fork(ThreadIndex thread, std::string_view name);
  absl::Status Join(ThreadIndex thread, std::string_view name, uint32_t site);
  absl::Status Wait(ThreadIndex thread, std::string_view name, uint32_t site);
  absl::Status Notify(ThreadIndex thread, const StdEvent& event, uint32_t site);
  // Writes what was pending: the thread goes on, with the acquisition of `lock`
  // if that is what it does.
  void GoOn(ThreadIndex thread, uint32_t lock);
  // The same at the trace's end. True: it waits on.
  bool Stand(ThreadIndex thread);
  void WriteWait(ThreadIndex thread, uint32_t ticket, model::How how);
  void End(ThreadIndex thread);

  // Records go into the thread's stream; its first one begins it. A failure to
  // write is kept, and ends the import at the end of the line.
  void Put(ThreadIndex thread, std::span<const uint32_t> record);
  void Put(ThreadIndex thread, MadeRecord&& record) {
    Put(thread, record.words());
  }
  void Begin(ThreadIndex thread);
  void Note(StdOddity oddity);
  uint64_t Stamp() const { return kStart + events_; }
  absl::Status AlreadyForked(ThreadIndex thread, std::string_view name) const;

  static constexpr uint64_t kStart = 1'000'000;  // ticks, and nanoseconds

  struct Oddities {
    uint64_t count = 0, first_line = 0;
  };

  const std::string name_;
  BlockFile file_;
  absl::Status written_;
  uint64_t line_ = 0, events_ = 0;
  ThreadIndex main_ = kNobody;
  // A deque, and names in a set of their own, since both are referred to.
  std::deque<Thread> threads_;
  std::vector<Lock> locks_;
  std::deque<Condition> conditions_;
  std::vector<Variable> variables_;
  std::deque<std::string> texts_;
  using Ids = absl::flat_hash_map<std::string_view, uint32_t>;
  Ids thread_ids_, lock_ids_, condition_ids_, variable_ids_, site_ids_;
  uint32_t next_object_ = 1, next_place_ = 1;
  std::array<Oddities, static_cast<size_t>(StdOddity::kCount)> oddities_;
};

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_STD_TRANSLATOR_H_
