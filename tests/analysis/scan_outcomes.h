// All that the scan found in a log of a random program, and that a model of it
// has to find, too.
#ifndef LOCKCHECK_TESTS_ANALYSIS_SCAN_OUTCOMES_H_
#define LOCKCHECK_TESTS_ANALYSIS_SCAN_OUTCOMES_H_

#include <cstdint>
#include <map>
#include <ostream>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/analysis/statistics.h"
#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {

inline constexpr uint32_t kLocks = 7, kSites = 4, kFirstSite = 10;

struct Counts {
  uint64_t acquisitions = 0, handovers = 0, contended = 0, try_failed = 0;
  uint64_t holds = 0, hold_ns = 0, waits = 0, wait_ns = 0;
  friend bool operator==(const Counts&, const Counts&) = default;
  friend void PrintTo(const Counts& c, std::ostream* out) {
    *out << "acquired " << c.acquisitions << " handed over " << c.handovers
         << " contended " << c.contended << " failed " << c.try_failed
         << " holds " << c.holds << " of " << c.hold_ns << " waits " << c.waits
         << " of " << c.wait_ns;
  }
};

inline Counts CountsOf(const Usage& u) {
  return {u.acquisitions, u.owner_changes,
          u.contended,    u.try_failed,
          u.hold.count(), static_cast<uint64_t>(u.hold.total()),
          u.wait.count(), static_cast<uint64_t>(u.wait.total())};
}

struct BlameRow {
  uint64_t waits = 0, ns = 0;
  friend bool operator==(const BlameRow&, const BlameRow&) = default;
};
// (lock, waiter site, holder site, waiter, holder)
using BlameKey = std::tuple<uint32_t, uint32_t, uint32_t, uint32_t, uint32_t>;

// Everything compared, in raw ids.
struct Outcomes {
  std::set<Asking> dependencies, requests;
  std::set<ScannedLog::Edge> edges;
  std::map<uint32_t, std::vector<HeldId>> held;
  std::map<uint32_t, std::pair<uint32_t, uint32_t>> waits;  // lock, owner
  std::map<uint32_t, Counts> locks, sites, actors;
  std::map<uint32_t, uint32_t> max_waiters, users;
  std::map<BlameKey, BlameRow> blame;
  uint64_t events = 0;
};

inline Outcomes Found(const ScannedLog& log) {
  Outcomes o;
  for (const Asking& a : log.dependencies()) {
    EXPECT_TRUE(o.dependencies.insert(a).second);
  }
  for (const Asking& a : log.requests()) {
    EXPECT_TRUE(o.requests.insert(a).second);
  }
  for (const auto& edge : log.phase_edges()) o.edges.insert(edge);
  for (ActorIndex a = 0; a < log.recording().actors.size(); ++a) {
    const uint32_t id = log.ActorId(a);
    o.held[id] = log.HeldAtEnd(id);
    if (const auto& wait = log.end(id).wait) {
      o.waits[id] = {log.ObjectId(wait->object), log.ActorId(wait->owner)};
    }
    o.actors[id] = CountsOf(log.of_actor(id));
  }
  for (uint32_t lock = 1; lock <= kLocks; ++lock) {
    o.locks[lock] = CountsOf(log.of_object(lock));
    o.max_waiters[lock] = log.of_object(lock).max_waiters;
    o.users[lock] = log.of_object(lock).actors;
  }
  for (uint32_t site = kFirstSite; site < kFirstSite + kSites; ++site) {
    o.sites[site] = CountsOf(log.of_site(site));
  }
  for (const Blame& b : log.statistics().blame) {
    o.blame[{log.ObjectId(b.object), log.SiteId(b.waiter_site),
             log.SiteId(b.holder_site), log.ActorId(b.waiter),
             log.ActorId(b.holder)}] = {b.waits, static_cast<uint64_t>(b.ns)};
  }
  o.events = log.statistics().events;
  return o;
}

inline void ExpectSame(const Outcomes& found, const Outcomes& expected) {
  EXPECT_EQ(found.dependencies, expected.dependencies);
  EXPECT_EQ(found.requests, expected.requests);
  EXPECT_EQ(found.edges, expected.edges);
  EXPECT_EQ(found.held, expected.held);
  EXPECT_EQ(found.waits, expected.waits);
  EXPECT_EQ(found.locks, expected.locks);
  EXPECT_EQ(found.sites, expected.sites);
  EXPECT_EQ(found.actors, expected.actors);
  EXPECT_EQ(found.max_waiters, expected.max_waiters);
  EXPECT_EQ(found.users, expected.users);
  EXPECT_EQ(found.blame, expected.blame);
  EXPECT_EQ(found.events, expected.events);
}

}  // namespace lockcheck::analysis::testing

#endif  // LOCKCHECK_TESTS_ANALYSIS_SCAN_OUTCOMES_H_
