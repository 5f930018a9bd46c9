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
  EXPECT_THAT(keys["file"], ElementsAre(1u, 2u));
  EXPECT_THAT(keys["tray"], ElementsAre(1u, 2u));
  EXPECT_THAT(keys["crate"], ElementsAre(5u, std::nullopt))
      << "a lock at the address of another one is a new lock";
}

TEST(OrderKey, IsNothingWhereNothingIsRecorded) {
  for (const char* mode : {"mode=off", "mode=live"}) {
    const Finished finished = Child("order_key_program").Options(mode).Run();
    EXPECT_TRUE(finished.Succeeded()) << mode << finished;
    EXPECT_EQ(finished.err, "") << mode;
  }
}

}  // namespace
}  // namespace lockcheck::testing
