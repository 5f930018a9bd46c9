// A random program, written as a log and played to a naive model of the scan at
// the same time.
#ifndef LOCKCHECK_TESTS_ANALYSIS_RANDOM_PROGRAM_H_
#define LOCKCHECK_TESTS_ANALYSIS_RANDOM_PROGRAM_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/analysis/scan_outcomes.h"
#include "tests/analysis/scanned_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {

// One actor as the model sees it.
struct ModelActor {
  struct Held {
    HeldId id;
    std::optional<uint64_t> since;
    bool exact = false;  // `since` is read as it was written
  };
  std::vector<Held> held;
  uint32_t phase = 0;
  bool over = false;  // ended, or stands in a wait
};

// Performs operations: writes them and keeps what they must lead to. Locks do
// not exclude here; the scan looks at each actor alone.
class RandomProgram {
 public:
  RandomProgram(uint64_t seed, size_t words_per_segment) : random_(seed) {
    b_.SplitEvery(words_per_segment).Process(1).Actor(1, log::BeginHow::kMain);
    for (uint32_t lock = 1; lock <= kLocks; ++lock) {
      b_.Object(lock, model::ObjectKind::kMutex);
    }
    for (uint32_t site = kFirstSite; site < kFirstSite + kSites; ++site) {
      b_.Site(site, {site * 16});
    }
    actors_[1];
    ++out_.events;
  }

  void Run(int operations) {
    for (int i = 0; i < operations; ++i) {
      Tick();
      const uint32_t actor = AnyActor();
      if (!actors_[actor].over) Step(actor);
    }
    for (auto& [id, actor] : actors_) {
      out_.held[id];
      for (const auto& held : actor.held) {
        if (!IsHeldByALaterOne(id, held.id)) out_.held[id].push_back(held.id);
      }
    }
    for (const auto& [key, asking] : asked_) {
      (asking.held.empty() ? out_.requests : out_.dependencies).insert(asking);
    }
    for (const auto& [lock, waits] : intervals_) {
      for (const auto& [begin, end] : waits) {
        uint32_t here = 0;
        for (const auto& [b, e] : waits) here += b <= begin && begin < e;
        out_.max_waiters[lock] = std::max(out_.max_waiters[lock], here);
      }
    }
    for (const auto& [lock, users] : users_) {
      out_.users[lock] = static_cast<uint32_t>(users.size());
    }
    FillZeros();
  }
  log::testing::LogBuilder& builder() { return b_; }
  // `end`: the log's last stamp; waits that stand last until then.
  Outcomes Expected(double end) const {
    Outcomes expected = out_;
    const auto last = static_cast<uint64_t>(end);
    for (const Standing& w : standing_) {
      BlameRow& row =
          expected.blame[{w.lock, w.site, w.owner_site, w.actor, w.owner}];
      row.ns += last - w.since;
      row.waits += w.new_owner;
      for (Counts* c : {&expected.locks[w.lock], &expected.sites[w.site],
                        &expected.actors[w.actor]}) {
        ++c->waits;
        c->wait_ns += last - w.begin;
      }
    }
    return expected;
  }

 private:
  uint32_t Roll(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  uint32_t AnyLock() { return 1 + Roll(kLocks); }
  uint32_t AnySite() { return kFirstSite + Roll(kSites); }
  uint32_t AnyActor() {
    return std::next(actors_.begin(),
                     Roll(static_cast<uint32_t>(actors_.size())))
        ->first;
  }
  void Tick() { b_.At(now_ += 1 + Roll(1000)); }

  void Step(uint32_t actor) {
    switch (Roll(20)) {
      case 0:
        return TryFailed(actor);
      case 1:
      case 2:
        return Wait(actor);
      case 3:
        return Roll(3) == 0 ? Fork(actor) : Section(actor);
      case 4:
        return Roll(6) == 0 ? Join(actor) : Section(actor);
      case 5:
        return Roll(30) == 0 ? End(actor) : Section(actor);
      case 6:
        return Lose(actor);
      case 7:
        return Group(actor);
      case 8:
      case 9:
        return SectionThenClose(actor);
      case 10:
      case 11:
      case 12:
        return Open(actor);
      case 13:
      case 14:
      case 15:
      case 16:
        return Close(actor);
      default:
        return Section(actor);
    }
  }

  log::testing::Extras AnyExtras(uint32_t lock) {
    log::testing::Extras e;
    if (Roll(4) == 0) e.how = static_cast<model::How>(Roll(3));
    if (Roll(4) == 0) e.mode = model::Mode::kShared;
    if (Roll(4) == 0) e.handover = handovers_[lock] += Roll(2);
    return e;
  }

  // ---- The model ----
  bool IsHeldByALaterOne(uint32_t actor, const HeldId& hold) {
    if (hold.mode == model::Mode::kShared) return false;
    return std::any_of(actors_.begin(), actors_.end(), [&](const auto& other) {
      const auto& held = other.second.held;
      return std::any_of(held.begin(), held.end(), [&](const auto& h) {
        return h.id.object == hold.object && h.id.mode == hold.mode &&
               last_counts_[{other.first, hold.object}] >
                   last_counts_[{actor, hold.object}];
      });
    });
  }
  void Ask(uint32_t actor, uint32_t lock, uint32_t site, model::How how,
           model::Mode mode, size_t held_count) {
    Asking a = {actor, lock, site, {}, how, mode, 0, {}};
    for (size_t i = 0; i < held_count; ++i) {
      a.held.push_back(actors_[actor].held[i].id);
    }
    Asking& sum =
        asked_.try_emplace(std::tuple(actor, lock, site, how, mode, a.held), a)
            .first->second;
    ++sum.count;
    const uint32_t phase = actors_[actor].phase;
    if (sum.phases.empty() || sum.phases.back() != phase) {
      sum.phases.push_back(phase);
    }
  }
  template <typename Change>
  void ForEachCount(uint32_t actor, uint32_t lock, uint32_t site,
                    Change change) {
    change(out_.actors[actor]);
    change(out_.locks[lock]);
    change(out_.sites[site]);
  }
  void Acquired(uint32_t actor, uint32_t lock, uint32_t site,
                const log::testing::Extras& e) {
    const size_t group = e.group.value_or(0);
    if (e.handover) last_counts_[{actor, lock}] = *e.handover;
    Ask(actor, lock, site, e.how, e.mode, actors_[actor].held.size() - group);
    users_[lock].insert(actor);
    ForEachCount(actor, lock, site, [&](Counts& c) {
      ++c.acquisitions;
      c.handovers +=
          e.handover.has_value() && e.mode == model::Mode::kExclusive;
    });
  }
  void Held(uint32_t actor, uint32_t lock, uint32_t site, uint64_t ns) {
    ForEachCount(actor, lock, site, [&](Counts& c) {
      ++c.holds;
      c.hold_ns += ns;
    });
  }

  // ---- Operations ----
  void Section(uint32_t actor) {
    const uint32_t lock = AnyLock(), site = AnySite();
    log::testing::Extras e = AnyExtras(lock);
    if (Roll(4) == 0) {
      e.start = now_;
      e.end = now_ + Roll(2000);
      b_.At(now_ = *e.end);
      Held(actor, lock, site, *e.end - *e.start);
    }
    b_.Section(actor, lock, site, e);
    Acquired(actor, lock, site, e);
    out_.events += 2;
  }
  void SectionThenClose(uint32_t actor) {
    if (actors_[actor].held.empty()) return;
    const uint32_t lock = AnyLock(), site = AnySite();
    b_.SectionThenClose(actor, lock, site);
    Acquired(actor, lock, site, {});
    actors_[actor].held.pop_back();
    out_.events += 3;
  }
  void Open(uint32_t actor) {
    if (actors_[actor].held.size() > 4) return;
    const uint32_t lock = AnyLock(), site = AnySite();
    log::testing::Extras e = AnyExtras(lock);
    if (Roll(4) == 0) e.start = now_;
    OpenWith(actor, lock, site, e);
  }
  void OpenWith(uint32_t actor, uint32_t lock, uint32_t site,
                const log::testing::Extras& e) {
    b_.Open(actor, lock, site, e);
    Acquired(actor, lock, site, e);
    // model::How a start is rounded depends on where the segment begins; that
    // of a wide record is exact.
    const bool exact = e.start && b_.last_start() == *e.start &&
                       (e.how != model::How::kBlocking || e.group);
    actors_[actor].held.push_back({{lock, site, e.mode}, e.start, exact});
    ++out_.events;
  }
  void Group(uint32_t actor) {
    const uint32_t site = AnySite();
    for (uint32_t i = 0; i < 2 + Roll(2); ++i) {
      OpenWith(actor, AnyLock(), site, {.how = model::How::kMulti, .group = i});
    }
  }
  void Close(uint32_t actor) {
    auto& held = actors_[actor].held;
    if (held.empty()) return;
    const uint32_t depth =
        Roll(3) == 0 ? Roll(static_cast<uint32_t>(held.size())) : 0;
    const auto at = held.end() - 1 - depth;
    log::testing::Extras e;
    if (Roll(3) == 0 || (at->since && !at->exact)) {
      e.length = Roll(2000);
      Held(actor, at->id.object, at->id.site, *e.length);
    } else if (Roll(2) == 0) {
      e.end = now_;
      if (at->exact) Held(actor, at->id.object, at->id.site, now_ - *at->since);
    }
    b_.Close(actor, depth, e);
    held.erase(at);
    ++out_.events;
  }
  void Lose(uint32_t actor) {
    auto& held = actors_[actor].held;
    if (held.empty()) return;
    const uint32_t lock =
        held[Roll(static_cast<uint32_t>(held.size()))].id.object;
    const auto last =
        std::find_if(held.rbegin(), held.rend(),
                     [&](const auto& h) { return h.id.object == lock; });
    held.erase(std::next(last).base());
    b_.ReleasedByOther(actor, lock);
    ++out_.events;
  }
  void TryFailed(uint32_t actor) {
    const uint32_t lock = AnyLock(), site = AnySite();
    b_.TryFailed(actor, lock, site);
    ForEachCount(actor, lock, site, [](Counts& c) { ++c.try_failed; });
    if (actors_[actor].held.empty()) {
      Ask(actor, lock, site, model::How::kTry, model::Mode::kExclusive, 0);
    }
    ++out_.events;
  }
  void Wait(uint32_t actor) {
    const uint32_t lock = AnyLock(), site = AnySite();
    const model::How how =
        Roll(2) == 0 ? model::How::kBlocking : model::How::kTimed;
    uint32_t owner = AnyActor(), owner_site = AnySite();
    b_.Block(actor, lock, site, owner, owner_site, {.how = how});
    ++out_.events;
    const uint64_t begin = now_;
    ForEachCount(actor, lock, site, [](Counts& c) { ++c.contended; });
    uint64_t since = now_;
    bool new_owner = true;
    const auto charge = [&] {
      BlameRow& row = out_.blame[{lock, site, owner_site, actor, owner}];
      row.ns += now_ - since;
      row.waits += new_owner;
      since = now_;
    };
    for (uint32_t wakes = Roll(3); wakes > 0; --wakes) {
      Tick();
      charge();
      const uint32_t next_owner = AnyActor(), next_site = AnySite();
      new_owner = next_owner != owner || next_site != owner_site;
      owner = next_owner;
      owner_site = next_site;
      b_.Wake(actor, owner, owner_site);
      ++out_.events;
    }
    if (Roll(40) == 0) {  // stands to the end
      Ask(actor, lock, site, how, model::Mode::kExclusive,
          actors_[actor].held.size());
      out_.waits[actor] = {lock, owner};
      intervals_[lock].emplace_back(begin, UINT64_MAX);
      standing_.push_back(
          {actor, lock, site, owner, owner_site, begin, since, new_owner});
      actors_[actor].over = true;
      return;
    }
    Tick();
    charge();
    intervals_[lock].emplace_back(begin, now_);
    ForEachCount(actor, lock, site, [&](Counts& c) {
      ++c.waits;
      c.wait_ns += now_ - begin;
    });
    const bool got = how == model::How::kBlocking || Roll(2) == 0;
    b_.Unblock(actor,
               got ? model::Outcome::kAcquired : model::Outcome::kTimedOut);
    ++out_.events;
    if (got) {
      OpenWith(actor, lock, site,
               {.how = how, .handover = handovers_[lock] += Roll(2)});
    } else {
      Ask(actor, lock, site, how, model::Mode::kExclusive,
          actors_[actor].held.size());
    }
  }
  void Fork(uint32_t actor) {
    if (actors_.size() >= 6) return;
    const auto child = static_cast<uint32_t>(actors_.size() + 1);
    b_.Fork(actor, child)
        .Actor(child, log::BeginHow::kStarted, {.parent = actor});
    out_.edges.emplace(actor, actors_[actor].phase++, child, 0);
    actors_[child];
    out_.events += 2;
  }
  void Join(uint32_t actor) {
    const uint32_t other = AnyActor();
    if (other == actor || !actors_[other].over || out_.waits.contains(other)) {
      return;
    }
    const uint32_t site = AnySite();
    b_.JoinBlock(actor, other, site).Unblock(actor).Join(actor, other);
    Ask(actor, kEnd + other, site, model::How::kBlocking,
        model::Mode::kExclusive, actors_[actor].held.size());
    out_.edges.emplace(other, actors_[other].phase, actor,
                       ++actors_[actor].phase);
    out_.events += 3;
  }
  void End(uint32_t actor) {
    if (actor == 1) return;
    b_.End(actor);
    actors_[actor].over = true;
    ++out_.events;
  }

  void FillZeros() {
    for (uint32_t lock = 1; lock <= kLocks; ++lock) {
      out_.locks[lock], out_.max_waiters[lock], out_.users[lock];
    }
    for (uint32_t site = kFirstSite; site < kFirstSite + kSites; ++site) {
      out_.sites[site];
    }
    for (const auto& [id, actor] : actors_) out_.actors[id];
  }

  std::mt19937_64 random_;
  log::testing::LogBuilder b_;
  uint64_t now_ = 0;
  std::map<uint32_t, ModelActor> actors_;
  std::map<std::tuple<uint32_t, uint32_t, uint32_t, model::How, model::Mode,
                      std::vector<HeldId>>,
           Asking>
      asked_;
  std::map<uint32_t, std::vector<std::pair<uint64_t, uint64_t>>> intervals_;
  struct Standing {
    uint32_t actor, lock, site, owner, owner_site;
    uint64_t begin, since;
    bool new_owner;
  };
  std::vector<Standing> standing_;
  std::map<uint32_t, std::set<uint32_t>> users_;
  std::map<uint32_t, uint32_t> handovers_;  // by lock
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> last_counts_;
  Outcomes out_;
};

}  // namespace lockcheck::analysis::testing

#endif  // LOCKCHECK_TESTS_ANALYSIS_RANDOM_PROGRAM_H_
