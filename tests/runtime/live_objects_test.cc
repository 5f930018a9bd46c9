#include "instrument/runtime/live_objects.h"

#include <cstdint>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace lockcheck::runtime {
namespace {

class LiveObjectsTest : public testing::Test {
 protected:
  uint32_t Add(const char* name = "m") {
    const uint32_t id = objects_.TakeId();
    EXPECT_TRUE(objects_.Describe(
        id, 7, {model::ObjectKind::kMutex, 8, this, "file.cc", 9, name}));
    return id;
  }
  // As many more, and nothing is left of them.
  bool AddAndRelease(size_t count) {
    bool full = false;
    for (size_t i = 0; i < count; ++i) {
      const uint32_t id = Add();
      seen_.insert(id);
      full = objects_.Release(id);
    }
    return full;
  }
  LiveObjects objects_;
  std::set<uint32_t> seen_;
};

TEST_F(LiveObjectsTest, AnObjectIsDescribedUntilItIsGone) {
  const uint32_t id = Add("its name");
  const LiveObject* const object = objects_.Find(id);
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(std::string(object->name(), object->name_size), "its name");
  EXPECT_EQ(object->place, 7u);
  EXPECT_EQ(object->site, 8u);
  objects_.Release(id);
  EXPECT_EQ(objects_.Find(id), nullptr);
}

TEST_F(LiveObjectsTest, IdsComeAgainWhenManyAreFreeAndAllThreadsForgotThem) {
  EXPECT_FALSE(AddAndRelease(LiveObjects::kBatch - 1));
  EXPECT_EQ(seen_.size(), LiveObjects::kBatch - 1) << "none came twice";
  EXPECT_TRUE(AddAndRelease(1));
  EXPECT_EQ(seen_.size(), LiveObjects::kBatch) << "not before they forgot";
  objects_.Recycle();
  std::set<uint32_t> again;
  for (size_t i = 0; i < LiveObjects::kBatch; ++i) again.insert(Add());
  EXPECT_EQ(again, seen_);
  EXPECT_EQ(seen_.count(Add()), 0u);
}

TEST_F(LiveObjectsTest, WhatALogNamesStays) {
  const uint32_t id = Add();
  objects_.Find(id)->in_log = true;
  objects_.Release(id);
  EXPECT_NE(objects_.Find(id), nullptr);
}

TEST_F(LiveObjectsTest, AnIdThatSomeThreadMayHoldDoesNotComeAgain) {
  const uint32_t id = Add();
  objects_.Find(id)->reusable = false;
  objects_.Release(id);
  EXPECT_EQ(objects_.Find(id), nullptr);
  EXPECT_TRUE(AddAndRelease(LiveObjects::kBatch));
  objects_.Recycle();
  for (size_t i = 0; i < LiveObjects::kBatch; ++i) EXPECT_NE(Add(), id);
}

}  // namespace
}  // namespace lockcheck::runtime
