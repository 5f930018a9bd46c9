// Who waits notes who has the lock, and where that one took it: the two belong
// together, though they are read while others write them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <tuple>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

// Object, actor, site.
using Places = std::set<std::tuple<uint32_t, uint32_t, uint32_t>>;

class OwnersSeen : public log::RecordVisitor {
 public:
  Places places;
  size_t waits = 0, unknown = 0;

  void OnBlock(const log::BlockRecord& b) {
    object_ = b.object;
    if (!b.join) See(b.owner, b.owner_site);
  }
  void OnWake(uint32_t owner, uint32_t site, uint64_t) { See(owner, site); }

 private:
  void See(uint32_t owner, uint32_t site) {
    if (owner == 0) return;
    ++waits;
    if (site == 0) {
      ++unknown;
    } else {
      places.insert({object_, owner, site});
    }
  }
  uint32_t object_ = 0;
};

TEST(OwnerPlace, IsWhereThatOwnerTookTheLock) {
  Folder folder;
  const Finished finished = Child("places_program", {"60000"})
                                .Options("log=" + (folder / "log"))
                                .Run();
  ASSERT_TRUE(finished.Succeeded()) << finished;
  const auto recording = OpenLog(folder / "log");
  ASSERT_NE(recording, nullptr);
  Places taken;
  OwnersSeen seen;
  for (size_t i = 0; i < recording->actors.size(); ++i) {
    const auto actor = static_cast<log::ActorIndex>(i);
    for (const Event& e : ReadEvents(*recording, actor).events) {
      if (e.what == What::kAcquired) {
        taken.insert({e.object, recording->actors[i].id, e.site});
      }
    }
    recording->Replay(actor, seen);
  }
  EXPECT_GT(seen.waits, 100u);
  EXPECT_THAT(taken, ::testing::IsSupersetOf(seen.places));
  EXPECT_LE(seen.unknown, seen.waits / 10);
}

}  // namespace
}  // namespace lockcheck::testing
