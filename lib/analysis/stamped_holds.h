// Holds of which both ends are stamped though nobody sampled them.
//
// Problem: few holds are sampled, and who holds a lock while others wait is the
// one to be measured. A hold that begins when a wait ends, and ends in a
// release that saw waiters, has a stamp at either end in any mode. They are no
// sample of all holds, since they are those under contention; but all of them
// are measured, so only the others are left to be estimated.
//
// Cost: one comparison an acquisition. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_STAMPED_HOLDS_H_
#define LOCKCHECK_LIB_ANALYSIS_STAMPED_HOLDS_H_

#include <algorithm>
#include <cstdint>
#include <optional>

namespace lockcheck::analysis {

// Reads one actor's stream; ids are raw. `event` is the number of the actor's
// events so far.
class StampedHolds {
 public:
  struct Hold {
    uint32_t site = 0;
    uint64_t since = 0, until = 0;          // ticks
    std::optional<uint64_t> sampled_ticks;  // its length, if that was sampled
  };

  // The wait ended and the object is the actor's: its acquisition follows.
  void Acquired(uint32_t object, uint64_t ticks) {
    waited_ = true;
    object_ = object;
    since_ = ticks;
  }
  bool waited() const { return waited_; }
  // The stamp with which the acquisition that follows the wait begins, if it is
  // of the same object.
  std::optional<uint64_t> Begin(uint32_t object) {
    waited_ = false;
    return object == object_ ? std::optional(since_) : std::nullopt;
  }
  // A hold that began so was released.
  void Released(uint32_t object, uint64_t event, const Hold& hold) {
    object_of_last_ = object;
    event_of_last_ = event;
    last_ = hold;
  }
  // A release just now saw waiters.
  std::optional<Hold> Ended(uint32_t object, uint64_t event, uint64_t ticks) {
    if (event_of_last_ != event || object_of_last_ != object) {
      return std::nullopt;
    }
    event_of_last_ = 0;
    last_.until = std::max(last_.since, ticks);
    return last_;
  }

 private:
  bool waited_ = false;
  uint32_t object_ = 0, object_of_last_ = 0;
  uint64_t since_ = 0, event_of_last_ = 0;
  Hold last_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STAMPED_HOLDS_H_
