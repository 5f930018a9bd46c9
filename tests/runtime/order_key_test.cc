// What a program declares by order_key() is in its log.
#include "lib/log/order_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using ::testing::ElementsAre;

TEST(OrderKey, IsThatOfItsLockTheLatestOne) {
  Folder folder;
  const Finished finished =
      Child("order_key_program").Options("log=" + (folder / "log")).Run();
  ASSERT_TRUE(finished.Succeeded()) << finished;
  const auto recording = OpenLog(folder / "log");
  ASSERT_NE(recording, nullptr);
  std::map<std::string, std::vector<std::optional<uint32_t>>> keys;
  for (const log::Object& object : recording->objects) {
    keys[object.name].push_back(log::OrderKeyOf(object));
  }
  EXPECT_THAT(keys["account"], ElementsAre(0u, 4'000'000'000u));
  EXPECT_THAT(keys["shelf"], ElementsAre(2u, 1u));
  EXPECT_THAT(keys["box"], ElementsAre(7u, std::nullopt));
}

TEST(OrderKey, IsNothingWhereNothingIsRecorded) {
  EXPECT_TRUE(Child("order_key_program").Options("mode=off").Run().Succeeded());
}

}  // namespace
}  // namespace lockcheck::testing
