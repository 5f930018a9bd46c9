// A wait whose predicate holds at once is in the log, so that the log shows
// with which locks held the thread would have waited there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

using Names = std::map<uint32_t, std::string>;  // of objects

// What was found, as "how under locks", by condition.
class Found : public EventReader {
 public:
  std::map<std::string, std::vector<std::string>> takes;
  Names names;

  void OnTake(const log::TakeRecord& t) {
    static constexpr const char* kHows[] = {"blocking", "try", "timed"};
    EXPECT_EQ(t.sequence, 0u);
    EXPECT_EQ(t.value, 0u);
    std::string what = kHows[static_cast<size_t>(t.how) % 3];
    what += " under";
    for (const log::RawHold& hold : held) what += " " + names[hold.object];
    takes[names[t.object]].push_back(what);
  }
};

TEST(FoundTest, APredicateThatHoldsAtOnceIsRecordedOnceForEachWay) {
  const Folder folder;
  const Finished finished =
      Child("found_program").Options("log=" + (folder / "log")).Run();
  ASSERT_TRUE(finished.Succeeded()) << finished;
  EXPECT_EQ(finished.err, "");
  const auto recording = OpenLog(folder / "log");
  ASSERT_NE(recording, nullptr);
  Found found;
  for (const log::Object& object : recording->objects) {
    found.names[object.id] = object.name;
  }
  for (size_t a = 0; a < recording->actors.size(); ++a) {
    found.held.clear();
    recording->Replay(static_cast<log::ActorIndex>(a), found);
  }
  // Two ways that come in turn may have the same place in the thread's table.
  auto& in_turn = found.takes["other locks"];
  std::sort(in_turn.begin(), in_turn.end());
  in_turn.erase(std::unique(in_turn.begin(), in_turn.end()), in_turn.end());
  const std::string blocking = "blocking under mutex",
                    timed = "timed under mutex";
  EXPECT_THAT(
      found.takes,
      ElementsAre(Pair("again", ElementsAre(blocking)),
                  Pair("any blocking", ElementsAre(blocking, blocking)),
                  Pair("any timed", ElementsAre(timed, timed, timed, timed)),
                  Pair("blocking", ElementsAre(blocking)),
                  Pair("other locks",
                       ElementsAre(blocking, "blocking under outer mutex")),
                  Pair("other place", ElementsAre(blocking, blocking)),
                  Pair("other thread", ElementsAre(blocking, blocking)),
                  Pair("timed", ElementsAre(timed, timed))));
}

}  // namespace
}  // namespace lockcheck::testing
