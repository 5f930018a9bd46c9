// One actor's records, flattened into what the program did: acquired, released,
// did not get. Nothing is taken for granted: a release that names no hold, or a
// segment whose held list differs from what went before, is a complaint.
#ifndef LOCKCHECK_TESTS_RUNTIME_EVENTS_H_
#define LOCKCHECK_TESTS_RUNTIME_EVENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "lib/log/decode.h"
#include "lib/log/recording.h"

namespace lockcheck::testing {

enum class What : uint8_t {
  kAcquired,
  kReleased,
  kNotTaken,   // a try failed
  kTimedOut,   // a timed request gave up
  kTakenAway,  // another actor unlocked it
  kRefused,    // it would have closed a deadlock
};

struct Event {
  What what = What::kAcquired;
  model::How how = model::How::kBlocking;
  model::Mode mode = model::Mode::kExclusive;
  bool handed_over = false;
  bool timed = false;
  uint32_t object = 0;  // raw ids
  uint32_t site = 0;
  uint32_t handover = 0;  // valid if handed_over, or shared
  uint32_t group = 0;
  uint64_t ticks = 0;  // valid if timed: of an acquisition its time, of a
                       // release its time or the hold's length
  bool operator==(const Event&) const = default;
};

class EventReader : public log::RecordVisitor {
 public:
  std::vector<Event> events;
  std::vector<log::RawHold> held;
  std::vector<log::RawHold> initially;  // held in the first segment's header
  std::vector<size_t> segment_starts;   // indices into events
  std::vector<std::string> complaints;
  std::vector<model::Misuse> misuses;
  std::vector<uint32_t> misused_objects;
  std::vector<uint32_t> destroyed;
  bool exited = false;
  bool waiting = false;  // a wait stands
  log::BlockRecord wait;
  size_t waits = 0;
  // A signal handler may do things while its thread waits.
  bool expect_quiet_waits = true;

  void OnSegment(const log::SegmentHeader& h) {
    std::vector<log::RawHold> stated;
    for (size_t i = 0; i < h.held_count(); ++i) stated.push_back(h.HeldAt(i));
    bool same = stated.size() == held.size();
    for (size_t i = 0; same && i < held.size(); ++i) {
      same = stated[i].object == held[i].object &&
             stated[i].site == held[i].site && stated[i].mode == held[i].mode;
    }
    if (!same && !segment_starts.empty()) {
      Complain("segment " + std::to_string(h.number) + " states " +
               std::to_string(stated.size()) + " holds, " +
               std::to_string(held.size()) + " stand");
    }
    if (segment_starts.empty()) initially = stated;
    held = stated;
    segment_starts.push_back(events.size());
  }
  void OnSection(uint32_t object, uint32_t site) {
    log::AcquireRecord a;
    a.object = object;
    a.site = site;
    OnSection(a, {});
  }
  void OnSection(const log::AcquireRecord& a, const log::ReleaseRecord& r) {
    OnAcquire(a);
    OnRelease(r);
  }
  void OnAcquire(const log::AcquireRecord& a) {
    NotWhileWaiting();
    Event e;
    e.how = a.how;
    e.mode = a.mode;
    e.object = a.object;
    e.site = a.site;
    e.handed_over = a.handed_over;
    e.handover = a.handover;
    e.timed = a.timed;
    e.ticks = a.start_ticks;
    e.group = a.group;
    events.push_back(e);
    held.push_back({a.object, a.site, a.mode});
  }
  void OnRelease(const log::ReleaseRecord& r) {
    NotWhileWaiting();
    if (r.depth >= held.size()) {
      Complain("a release at depth " + std::to_string(r.depth) + " of " +
               std::to_string(held.size()));
      return;
    }
    const auto at = held.end() - 1 - r.depth;
    Event e;
    e.what = What::kReleased;
    e.object = at->object;
    e.timed = r.timed || r.has_length;
    e.ticks = r.timed ? r.end_ticks : r.length_ticks;
    events.push_back(e);
    held.erase(at);
  }
  void OnReleasedByOther(uint32_t object) {
    for (size_t i = held.size(); i-- > 0;) {
      if (held[i].object != object) continue;
      held.erase(held.begin() + static_cast<ptrdiff_t>(i));
      Event e;
      e.what = What::kTakenAway;
      e.object = object;
      events.push_back(e);
      return;
    }
    Complain("object " + std::to_string(object) + " was not held");
  }
  void OnTryFailed(uint32_t object, uint32_t site, model::How how) {
    NotWhileWaiting();
    AddRefusal(What::kNotTaken, how, object, site);
  }
  void OnBlock(const log::BlockRecord& b) {
    NotWhileWaiting();
    waiting = true;
    wait = b;
    ++waits;
  }
  void OnWake(uint32_t, uint32_t, uint64_t) {
    if (!waiting) Complain("a wake-up without a wait");
  }
  void OnUnblock(model::Outcome outcome, uint64_t) {
    if (!waiting) Complain("the end of a wait that did not begin");
    waiting = false;
    if (outcome == model::Outcome::kTimedOut) {
      AddRefusal(What::kTimedOut, wait.how, wait.object, wait.site);
    } else if (outcome == model::Outcome::kInterrupted) {
      AddRefusal(What::kRefused, wait.how, wait.object, wait.site);
    }
  }
  void OnDestroy(uint32_t object) { destroyed.push_back(object); }
  void OnMisuse(model::Misuse misuse, uint32_t object, uint32_t, uint32_t,
                uint32_t, uint64_t) {
    misuses.push_back(misuse);
    misused_objects.push_back(object);
  }
  void OnExit(uint64_t, uint64_t, uint64_t, uint32_t, uint32_t) {
    exited = true;
  }

 protected:
  void Complain(const std::string& text) {
    complaints.push_back(text + " (event " + std::to_string(events.size()) +
                         ")");
  }

 private:
  void AddRefusal(What what, model::How how, uint32_t object, uint32_t site) {
    Event e;
    e.what = what;
    e.how = how;
    e.object = object;
    e.site = site;
    events.push_back(e);
  }
  void NotWhileWaiting() {
    if (waiting && !wait.join && expect_quiet_waits)
      Complain("a record inside a wait");
  }
};

// All of an actor's events.
inline EventReader ReadEvents(const log::Recording& recording,
                              log::ActorIndex actor,
                              bool expect_quiet_waits = true) {
  EventReader reader;
  reader.expect_quiet_waits = expect_quiet_waits;
  recording.Replay(actor, reader);
  return reader;
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_RUNTIME_EVENTS_H_
