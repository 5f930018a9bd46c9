// An id that does not fit a short record is never taken for one that does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

TEST(WideId, IsReleasedUnderAShortOneWithTheSameBits) {
  Folder folder;
  const std::string log = folder / "log";
  const Finished finished =
      Child("wide_id_program").Options("log=" + log).Run();
  ASSERT_TRUE(finished.Succeeded()) << finished;
  const auto recording = OpenLog(log);
  ASSERT_NE(recording, nullptr);
  const EventReader reader = ReadEvents(*recording, 0);
  EXPECT_THAT(reader.complaints, IsEmpty());
  constexpr uint32_t kNarrow = 5, kWide = (1u << 17) + kNarrow;
  std::vector<uint32_t> objects, expected;
  for (size_t i = reader.events.size() - 12; i < reader.events.size(); ++i) {
    const bool taken = reader.events[i].what == What::kAcquired;
    EXPECT_EQ(taken, (i - reader.events.size() + 12) % 4 < 2) << i;
    objects.push_back(reader.events[i].object);
  }
  for (int i = 0; i < 3; ++i) {
    expected.insert(expected.end(), {kWide, kNarrow, kWide, kNarrow});
  }
  EXPECT_THAT(objects, ElementsAreArray(expected));
}

}  // namespace
}  // namespace lockcheck::testing
