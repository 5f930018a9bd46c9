// A recording, opened for reading: what the log's definitions say, and where
// each actor's records are.
//
// Problem: logs are read while they are being written, after kill -9, cut
// anywhere, with damaged blocks in the middle. Open() refuses only what is no
// lockcheck log (or a newer major version); everything else is read as far as
// it goes, and `warnings` says in one line each what is missing.
//
// Memory: the file is mapped; only hot blocks (64 KiB at most per live thread)
// and rings are copied, because they may change while they are read. The tables
// grow with distinct objects, sites, stacks and actors, never with the number
// of events.
// Thread safety: const after Open(); any number of threads may read.
#ifndef LOCKCHECK_LIB_LOG_RECORDING_H_
#define LOCKCHECK_LIB_LOG_RECORDING_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "lib/log/decode.h"
#include "lib/log/format.h"
#include "lib/model/primitives.h"

namespace lockcheck::log {

// Dense indices into the tables below; kNone means "not known".
using ActorIndex = uint32_t;
using ObjectIndex = uint32_t;
using SiteIndex = uint32_t;
using StackIndex = uint32_t;
using ProcessIndex = uint32_t;
inline constexpr uint32_t kNone = 0xffffffff;

struct Module {
  std::string path;
  std::string build_id;  // lower-case hex, empty if the module has none
  uint64_t base = 0;     // load address in its process
  uint64_t size = 0;     // bytes
};

struct Frame {
  uint32_t module = kNone;  // index into Recording::modules
  uint64_t offset = 0;      // from the module's base; absolute if no module
  friend bool operator==(const Frame&, const Frame&) = default;
};

struct Site {
  uint32_t id = 0;            // as in the file
  uint32_t actor = 0;         // raw id of who came first; 0: not known
  std::vector<Frame> frames;  // [0] is the site; the rest the first stack seen
};

struct Stack {
  uint32_t id = 0;
  uint32_t actor = 0;         // raw id of who was there; 0: not known
  StackOf of;                 // raw ids
  std::vector<Frame> frames;  // innermost first
};

struct Place {  // a std::source_location
  uint32_t line = 0, column = 0;
  std::string file, function;
};

// Whether a process that recorded no end runs now. The log cannot know; whoever
// opened it may look.
enum class Liveness : uint8_t { kNotKnown, kRunning, kGone };

struct Process {
  uint32_t id = 0, pid = 0;
  ProcessIndex parent = kNone;
  uint64_t start_time = 0;  // clock ticks since boot, as in /proc/PID/stat
  std::string program, host, options;
  std::vector<std::string> arguments;
  bool exited = false;            // a normal exit was recorded
  uint64_t cpu_ns = 0;            // whole process, valid if exited
  bool replaced_by_exec = false;  // a later process has the same pid and start
  Liveness liveness = Liveness::kNotKnown;
};

// A piece of an actor's stream: one kSegment record and what follows it.
struct Segment {
  uint32_t number = 0;
  uint64_t block = 0;               // block number in the file
  std::span<const uint32_t> words;  // starts with the kSegment record
  bool hot = false;                 // in a hot block: may still grow
};

struct Actor {
  uint32_t id = 0, tid = 0;
  ProcessIndex process = kNone;
  ActorIndex parent = kNone;
  BeginHow how = BeginHow::kForeign;
  std::string name;
  bool begun = false, ended = false;
  uint64_t begin_ticks = 0, end_ticks = 0, cpu_ns = 0;  // valid if begun/ended
  uint32_t voluntary = 0, involuntary = 0;  // context switches, valid if ended
  std::vector<Segment> segments;  // by number; a gap is a lost segment
};

struct Object {
  uint32_t id = 0;
  // A forked copy differs only in this. Of one between processes: the first
  // that used it.
  ProcessIndex process = kNone;
  model::ObjectKind kind = model::ObjectKind::kUnknown;
  std::string name;        // empty: unnamed
  uint32_t place = kNone;  // index into places; kNone: not known
  SiteIndex first_use = kNone;
  uint64_t address = 0;  // for people only; never an identity
  uint32_t value = 0;    // what it began with: permits, room, participants
};

// The program has said that one lock is to be taken before another one.
struct DeclaredOrder {
  // As the process that said so knows them; they stand for its children's
  // copies, too.
  ObjectIndex first = kNone, second = kNone;
  ProcessIndex process = kNone;
  SiteIndex site = kNone;  // where it was said
};

// Converts time-stamp counts to nanoseconds since the recording began.
struct Clock {
  uint64_t start_ticks = 0;
  double ns_per_tick = 1.0;
  double ToNs(uint64_t ticks) const {
    return static_cast<double>(static_cast<int64_t>(ticks - start_ticks)) *
           ns_per_tick;
  }
};

class Recording {
 public:
  // Errors: NotFound / PermissionDenied (with the path), InvalidArgument ("not
  // a lockcheck log", an empty file included), Unimplemented (newer major
  // version). The message is one line: the file, the place, the mend.
  // `threads` read at once; 0: one per core.
  static absl::StatusOr<std::unique_ptr<Recording>> Open(
      const std::string& path, unsigned threads = 0);
  // The same of a file's contents; `name` stands for the path in messages.
  static absl::StatusOr<std::unique_ptr<Recording>> OpenBytes(
      const std::string& name, std::string bytes);

  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  std::string path;
  uint64_t file_size = 0;
  std::string recording_id;  // hex
  uint64_t start_unix_ns = 0, start_monotonic_ns = 0;
  Clock clock;
  uint64_t last_ticks = 0;  // the latest stamp seen anywhere
  uint64_t now_ticks = 0;   // when a process was found running; 0: none was
  StopReason stop_reason = StopReason::kNone;
  uint64_t dropped = 0;  // records that were not written
  bool volatile_hot = false;
  // No record is missing of what was done so far. A process may still run, or
  // have been killed.
  bool whole = true;
  bool complete = true;    // whole, and every process exited normally
  bool from_start = true;  // not cut down to a later part; see since.h

  std::vector<Module> modules;
  std::vector<Place> places;
  std::vector<Site> sites;
  std::vector<Stack> stacks;
  std::vector<Process> processes;
  std::vector<Actor> actors;
  std::vector<Object> objects;
  std::vector<DeclaredOrder> declared_orders;  // distinct
  std::vector<std::string> warnings;

  // Words of segments that are in no block; see since.h.
  std::deque<std::vector<uint32_t>> made_words;

  // Until when the process's waits last, as far as is known: now if it runs,
  // else the log's last stamp.
  uint64_t LastTicksOf(ProcessIndex process) const;

  // From ids in the file. An object's identity is its id and the process that
  // uses it (after a fork both sides go on with the same id); looking up a pair
  // that was never seen gives kNone. Ids used by records but never defined
  // (their block was lost) have been given entries of kind kUnknown by Open().
  ActorIndex FindActor(uint32_t id) const;
  ObjectIndex FindObject(ProcessIndex process, uint32_t id) const;
  SiteIndex FindSite(uint32_t id) const;
  StackIndex FindStack(uint32_t id) const;
  // Dense table for one process, indexed by raw object id, kNone where the
  // process never used the id. For scans that cannot afford a hash look-up.
  const std::vector<ObjectIndex>& ObjectsOf(ProcessIndex process) const;
  const std::vector<SiteIndex>& SitesById() const;

  // The hot blocks' segments as the file has them by now, which may be more
  // than it had when it was opened, or others: for a second look at a program
  // that goes on. The words last as long as the call. Any thread, at any time.
  void LookAgain(
      const std::function<void(std::span<const uint32_t>)>& segment) const;

  // Decodes one actor's records in program order, all its segments. Returns the
  // number of words read. Pages that were read are given back to the system, so
  // that memory does not grow with the file.
  template <typename Visitor>
  uint64_t Replay(ActorIndex actor, Visitor& visitor) const {
    uint64_t words = 0;
    for (const Segment& segment : actors[actor].segments) {
      words += DecodeSegment(segment.words, visitor).words;
      Release(segment);
    }
    return words;
  }

 private:
  struct Impl;
  Recording();
  void Release(const Segment& segment) const;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_RECORDING_H_
