// A value and its number belong together, whoever writes; and what becomes of a
// cell whose writer does not come back.
#include "lockcheck/internal/atomic_cell.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockcheck::internal {
namespace {

template <typename T>
class AtomicCellTest : public ::testing::Test {};
using Sizes = ::testing::Types<uint32_t, uint64_t>;
TYPED_TEST_SUITE(AtomicCellTest, Sizes);

// By version, which value it is: of all that were written and seen, one.
TYPED_TEST(AtomicCellTest, HasOneValueOfEachVersion) {
  using Cell = AtomicCell<TypeParam>;
  using Seen = std::pair<uint32_t, TypeParam>;
  static_assert(std::is_same_v<Cell, LockedCell<TypeParam>> ==
                (sizeof(TypeParam) == 8));
  constexpr uint32_t kThreads = 4, kTurns = 5'000;
  constexpr auto kAny = std::memory_order_relaxed;
  Cell cell(0);
  std::vector<Seen> seen[kThreads];
  std::vector<uint32_t> made[kThreads];
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto note = [&](uint32_t version, TypeParam value) {
        if (version != kNoVersion) seen[t].emplace_back(version, value);
      };
      const auto wrote = [&](uint32_t version, TypeParam value) {
        note(version, value);
        if (version != kNoVersion) made[t].push_back(version);
      };
      for (uint32_t i = 1; i <= kTurns; ++i) {
        const TypeParam mine = i * kThreads + t;
        wrote(cell.Store(mine, kAny), mine);
        const auto read = cell.Load(std::memory_order_acquire);
        note(read.version, read.before);
        const auto plus = [](TypeParam v) { return v + (1u << 20); };
        const auto update = cell.Update(plus, kAny);
        wrote(update.version, plus(update.before));
        if (update.version != kNoVersion) {
          note(update.version - 1, update.before);
        }
        const auto change = cell.CompareExchange(read.before, mine, kAny, kAny);
        if (change.wrote) {
          wrote(change.version, mine);
        } else {
          note(change.version, change.before);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<Seen> all;
  std::vector<uint32_t> versions;
  for (uint32_t t = 0; t < kThreads; ++t) {
    all.insert(all.end(), seen[t].begin(), seen[t].end());
    versions.insert(versions.end(), made[t].begin(), made[t].end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  const auto twice = std::adjacent_find(
      all.begin(), all.end(),
      [](const Seen& a, const Seen& b) { return a.first == b.first; });
  EXPECT_EQ(twice, all.end())
      << "version " << (twice == all.end() ? 0 : twice->first);
  std::sort(versions.begin(), versions.end());
  EXPECT_EQ(std::adjacent_find(versions.begin(), versions.end()),
            versions.end());
}

// As a handler does that interrupts the write: whoever finds the cell busy for
// so long does what it is to, and no number is believed from then on.
using Locked = LockedCell<uint64_t>;
template <typename Act>
void ExpectNoNumbersAfter(Act act) {
  Locked cell(5);
  EXPECT_EQ(cell.Store(6, std::memory_order_relaxed), 1u);
  bool first = true;
  const auto outer = cell.Update(
      [&](uint64_t v) {
        if (std::exchange(first, false)) act(cell);
        return v + 1;
      },
      std::memory_order_seq_cst);
  EXPECT_EQ(outer.version, kNoVersion);
  EXPECT_TRUE(outer.wrote);
  const uint64_t now = outer.before + 1;
  constexpr auto kOrder = std::memory_order_seq_cst;
  for (int i = 0; i < 3; ++i) {
    const auto read = cell.Load(kOrder);
    EXPECT_EQ(read.before, now);
    EXPECT_EQ(read.version, kNoVersion);
  }
  EXPECT_EQ(cell.Store(20, kOrder), kNoVersion);
  const auto added = cell.Update([](uint64_t v) { return v + 1; }, kOrder);
  EXPECT_EQ(added.before, 20u);
  EXPECT_EQ(added.version, kNoVersion);
  const auto failed = cell.CompareExchange(3, 4, kOrder, kOrder);
  EXPECT_FALSE(failed.matched);
  EXPECT_EQ(failed.before, 21u);
  EXPECT_EQ(failed.version, kNoVersion);
  const auto changed = cell.CompareExchange(21, 22, kOrder, kOrder);
  EXPECT_TRUE(changed.matched && changed.wrote);
  EXPECT_EQ(changed.version, kNoVersion);
  EXPECT_EQ(cell.Load(kOrder).before, 22u);
}

TEST(LockedCellTest, HasNoNumbersAfterAReadThatFoundItStuck) {
  ExpectNoNumbersAfter([](Locked& cell) {
    const auto read = cell.Load(std::memory_order_seq_cst);
    EXPECT_EQ(read.before, 6u);
    EXPECT_EQ(read.version, kNoVersion);
  });
}

TEST(LockedCellTest, HasNoNumbersAfterAWriteThatFoundItStuck) {
  ExpectNoNumbersAfter([](Locked& cell) {
    EXPECT_EQ(cell.Store(9, std::memory_order_seq_cst), kNoVersion);
  });
  ExpectNoNumbersAfter([](Locked& cell) {
    const auto result = cell.Update([](uint64_t v) { return v + 3; },
                                    std::memory_order_seq_cst);
    EXPECT_EQ(result.before, 6u);
    EXPECT_EQ(result.version, kNoVersion);
  });
}

}  // namespace
}  // namespace lockcheck::internal
