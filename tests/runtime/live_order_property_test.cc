// Random requests, asked of LiveOrder and of the definition of a cycle, word by
// word.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <list>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "instrument/runtime/live_order.h"
#include "tests/rounds.h"
#include "tests/runtime/live_order_test.h"

namespace lockcheck::runtime {
namespace {

// All that was noted, and the definition of a pattern, word by word.
class Naive {
 public:
  struct Dependency {
    uint32_t actor;
    std::vector<uint32_t> held;
    uint32_t wanted;
    bool ghost = false;  // it was held, too, what is gone
  };
  // What is gone is never asked for again.
  void Forget(uint32_t lock) {
    std::erase_if(all_, [&](const Dependency& d) {
      return (d.wanted & ~kShared) == lock;
    });
    for (Dependency& d : all_) {
      d.ghost |= std::any_of(d.held.begin(), d.held.end(), [&](uint32_t h) {
        return (h & ~kShared) == lock;
      });
    }
  }
  void ForgetGhosts() {
    std::erase_if(all_, [](const Dependency& d) { return d.ghost; });
  }
  bool Closes(Dependency d) {
    all_.push_back(std::move(d));
    std::vector<const Dependency*> path = {&all_.back()};
    return Extend(path);
  }

 private:
  static bool Exclude(uint32_t a, uint32_t b) {
    return (a & ~kShared) == (b & ~kShared) && (a & b & kShared) == 0;
  }
  static bool Holds(const Dependency& d, uint32_t object) {
    return std::any_of(d.held.begin(), d.held.end(),
                       [&](uint32_t h) { return Exclude(h, object); });
  }
  static bool Disjoint(const Dependency& a, const Dependency& b) {
    return std::none_of(a.held.begin(), a.held.end(),
                        [&](uint32_t h) { return Holds(b, h); });
  }
  bool Extend(std::vector<const Dependency*>& path) {
    for (const Dependency& next : all_) {
      if (!Holds(next, path.back()->wanted)) continue;
      if (!std::all_of(path.begin(), path.end(), [&](const Dependency* p) {
            return p->actor != next.actor &&
                   (p->wanted & ~kShared) != (next.wanted & ~kShared) &&
                   Disjoint(*p, next);
          })) {
        continue;
      }
      if (Holds(*path.front(), next.wanted)) return true;
      path.push_back(&next);
      if (Extend(path)) return true;
      path.pop_back();
    }
    return false;
  }
  std::list<Dependency> all_;
};

TEST(LiveOrderPropertyTest, FindsACandidateExactlyWhenTheDefinitionHasOne) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](uint32_t n) { return random() % n; };
  int closed = 0;
  for (int round = 0; round < tests::Rounds(300); ++round) {
    const auto order = std::make_unique<LiveOrder>();
    Naive naive;
    const uint32_t locks = 2 + pick(5), actors = 1 + pick(4);
    std::set<std::vector<uint32_t>> seen;
    for (int i = 0; i < 25; ++i) {
      const uint32_t wanted = 1 + pick(locks);
      const uint32_t shared = pick(4) == 0 ? kShared : 0;
      std::vector<uint32_t> held;
      for (uint32_t l = 1; l <= locks; ++l) {
        if (l != wanted && pick(3) == 0) {
          held.push_back(l | (pick(4) == 0 ? kShared : 0));
        }
      }
      if (held.empty()) continue;
      std::shuffle(held.begin(), held.end(), random);
      const uint32_t actor = 1 + pick(actors);
      std::vector<uint32_t> key = held;
      key.push_back(wanted | shared);
      key.push_back(actor);
      const Answer answer =
          order->Note({actor, 0, wanted | shared, held.data(), held.size()});
      if (!seen.insert(key).second) {
        EXPECT_EQ(answer, Answer::kKnown);
        continue;
      }
      const bool closes = naive.Closes({actor, held, wanted | shared});
      closed += closes;
      ASSERT_EQ(answer == Answer::kCloses, closes)
          << "round " << round << ", request " << i;
    }
  }
  EXPECT_GT(closed, 100);
}

// Of several requests that differ only in what is gone one is enough, so that
// it is not exact: it finds what there is without them, and nothing that there
// is not.
TEST(LiveOrderPropertyTest, WithLocksThatAreGoneItFindsWhatLivesAndNoMore) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](uint32_t n) { return random() % n; };
  int closed = 0;
  for (int round = 0; round < tests::Rounds(300); ++round) {
    const auto order = std::make_unique<LiveOrder>();
    Naive all, without_ghosts;
    std::vector<uint32_t> locks = {1, 2, 3, 4, 5};
    uint32_t next = 6;
    for (int i = 0; i < 40; ++i) {
      if (pick(5) == 0) {
        uint32_t& lock = locks[pick(5)];
        order->Forget(lock);
        order->Judged(order->candidates());
        all.Forget(lock);
        without_ghosts.Forget(lock);
        without_ghosts.ForgetGhosts();
        lock = next++;
      }
      std::shuffle(locks.begin(), locks.end(), random);
      const std::vector<uint32_t> held(locks.begin(),
                                       locks.begin() + 1 + pick(2));
      const uint32_t wanted = locks[4], actor = 1 + pick(3);
      const Answer answer =
          order->Note({actor, 0, wanted, held.data(), held.size()});
      const bool least = without_ghosts.Closes({actor, held, wanted});
      const bool most = all.Closes({actor, held, wanted});
      if (answer == Answer::kKnown) continue;
      closed += least;
      ASSERT_LE(least, answer == Answer::kCloses)
          << "round " << round << ", request " << i;
      ASSERT_LE(answer == Answer::kCloses, most)
          << "round " << round << ", request " << i;
    }
  }
  EXPECT_GT(closed, 100);
}

}  // namespace
}  // namespace lockcheck::runtime
