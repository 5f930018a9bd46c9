// What a process keeps of objects in shared memory: threads that come to one
// first at the same moment get the same entry.
#include "instrument/runtime/known_objects.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "lockcheck/mutex.h"

namespace lockcheck::runtime {
namespace {

struct Entry {
  std::atomic<uint64_t> number{0};
  Entry* next = nullptr;
  int value = 0;
};

constexpr uint64_t kNumber = 4, kOther = 4 + 4 * 256;  // in one list

class KnownObjectsTest : public ::testing::Test {
 protected:
  // The runtime is there when something was locked.
  KnownObjectsTest() {
    mutex m;
    m.lock();
    m.unlock();
  }

  KnownObjects<Entry> known_;
};

TEST_F(KnownObjectsTest, AnEntryIsFoundByItsNumber) {
  EXPECT_EQ(known_.Find(kNumber), nullptr);
  Entry* const one =
      known_.FindOrMake(kNumber, [](Entry& entry) { entry.value = 1; });
  Entry* const other =
      known_.FindOrMake(kOther, [](Entry& entry) { entry.value = 2; });
  EXPECT_EQ(known_.Find(kNumber), one);
  EXPECT_EQ(known_.FindOrMake(kOther, [](Entry&) { FAIL(); }), other);
  int sum = 0;
  known_.ForEach([&](const Entry& entry) { sum += entry.value; });
  EXPECT_EQ(sum, 3);
}

TEST_F(KnownObjectsTest, OneThatIsForgottenIsUsedAgain) {
  Entry* const one = known_.FindOrMake(kNumber, [](Entry&) {});
  known_.Forget(*one);
  EXPECT_EQ(known_.Find(kNumber), nullptr);
  EXPECT_EQ(known_.FindOrMake(kOther, [](Entry&) {}), one);
}

// The one that makes it does not come to an end before the other one has come,
// too, and might have made another one.
TEST_F(KnownObjectsTest, TwoThatComeFirstAtOnceGetTheSame) {
  std::atomic<int> came{0}, made{0};
  const auto find_or_make = [&](Entry*& found) {
    ++came;
    found = known_.FindOrMake(kNumber, [&](Entry&) {
      ++made;
      while (came < 2) sched_yield();
      for (int turns = 0; made < 2 && turns < 100; ++turns) sched_yield();
    });
  };
  Entry *one = nullptr, *other = nullptr;
  std::thread first([&] { find_or_make(one); });
  std::thread second([&] { find_or_make(other); });
  first.join();
  second.join();
  EXPECT_NE(one, nullptr);
  EXPECT_EQ(one, other);
  EXPECT_EQ(made, 1);
}

}  // namespace
}  // namespace lockcheck::runtime
