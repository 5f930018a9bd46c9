// Which notification ended which wait, in a trace that does not say so.
//
// Problem: a trace has `wait`, `notify` and the next event of whoever woke.
// The log wants tickets: each wait takes the next one, and a notification names
// the first that it releases. Who has waited longest is taken to be woken
// first. If somebody else goes on instead, who began to wait before a
// notification whose waiter has not gone on yet, the two change tickets:
// nothing but their tickets tells which of them it was for. Who goes on and can
// have been woken by none was in a wait with a time limit, or was interrupted.
//
// Cost: O(log n) in those who wait. Not thread-safe.
#ifndef LOCKCHECK_LIB_LOG_STD_CONDITION_H_
#define LOCKCHECK_LIB_LOG_STD_CONDITION_H_

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace lockcheck::log {

class StdCondition {
 public:
  using Thread = uint32_t;
  // As in PostRecord.
  struct Posted {
    uint32_t first = 0, count = 0, next_ticket = 1;
  };
  struct Ended {
    uint32_t ticket = 0;
    bool notified = false;
  };

  void Wait(Thread thread) {
    const uint32_t ticket = next_ticket_++;
    waits_[thread] = {ticket, posts_};
    asleep_.insert({ticket, thread});
  }
  Posted NotifyOne() {
    Posted posted = Begin();
    Release(posted);
    return posted;
  }
  Posted NotifyAll() {
    Posted posted = Begin();
    while (!asleep_.empty()) Release(posted);
    return posted;
  }
  // The wait of the thread, which has one, is over: it goes on.
  Ended Wake(Thread thread) {
    Row row = Remove(thread);
    if (row.post == 0) {
      const auto other = woken_.upper_bound({row.posts_before, UINT32_MAX});
      if (other == woken_.end()) return {row.ticket, false};
      // The other one sleeps on, with this one's ticket.
      const Thread sleeper = other->second;
      Row& its = waits_[sleeper];
      woken_.erase(other);
      std::swap(its.ticket, row.ticket);
      its.post = 0;
      asleep_.insert({its.ticket, sleeper});
    }
    return {row.ticket, true};
  }
  // The same, at the trace's end: it does not go on.
  Ended Leave(Thread thread) {
    const Row row = Remove(thread);
    return {row.ticket, row.post != 0};
  }

 private:
  struct Row {
    uint32_t ticket = 0;
    uint64_t posts_before = 0;  // when it began
    uint64_t post = 0;          // that released it; 0: none has
  };

  Posted Begin() {
    ++posts_;
    return {.next_ticket = next_ticket_};
  }
  void Release(Posted& posted) {
    if (asleep_.empty()) return;
    const auto [ticket, thread] = *asleep_.begin();
    asleep_.erase(asleep_.begin());
    waits_[thread].post = posts_;
    woken_.insert({posts_, thread});
    if (posted.count++ == 0) posted.first = ticket;
  }
  Row Remove(Thread thread) {
    const auto found = waits_.find(thread);
    const Row row = found->second;
    waits_.erase(found);
    row.post == 0 ? asleep_.erase({row.ticket, thread})
                  : woken_.erase({row.post, thread});
    return row;
  }

  uint32_t next_ticket_ = 1;
  uint64_t posts_ = 0;
  absl::flat_hash_map<Thread, Row> waits_;
  std::set<std::pair<uint32_t, Thread>> asleep_;  // by ticket
  std::set<std::pair<uint64_t, Thread>> woken_;   // by post; they have not yet
                                                  // gone on
};

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_STD_CONDITION_H_
