// What is recorded of variables: which write each read saw, once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/runtime/child.h"

namespace lockcheck::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Accesses : log::RecordVisitor {
  explicit Accesses(const log::Recording& recording) {
    for (const log::Object& object : recording.objects) {
      names[object.id] = object.name;
    }
  }
  std::map<uint32_t, std::string> names;
  std::vector<std::string> all;
  std::map<uint32_t, uint32_t> counts;  // by object

  void OnAccess(const log::AccessRecord& a) {
    static constexpr const char* kNames[] = {"read", "write", "update"};
    ++counts[a.object];
    all.push_back(std::string(kNames[static_cast<size_t>(a.access)]) + " " +
                  names[a.object] + " " + std::to_string(a.version));
  }
};

class VariableTest : public ::testing::Test {
 protected:
  Accesses Of(const std::string& story) {
    const Finished finished = Child("variable_program", {story})
                                  .Options("log=" + (folder_ / "log"))
                                  .Run();
    EXPECT_TRUE(finished.Succeeded()) << finished;
    said_ = finished.err;
    const auto recording = OpenLog(folder_ / "log");
    Accesses accesses(*recording);
    for (size_t a = 0; a < recording->actors.size(); ++a) {
      recording->Replay(static_cast<log::ActorIndex>(a), accesses);
    }
    return accesses;
  }

  const Folder folder_;
  std::string said_;
};

// At first the definitions of objects and sites come between.
TEST_F(VariableTest, IsReadOnceUntilSomethingElseIsRecorded) {
  EXPECT_THAT(Of("repeats").all,
              ElementsAre("read a 0", "read b 0", "read a 0",  // 1,000 times
                          "write a 1", "read b 0", "read a 1",
                          "read b 0",  // 1,000 times
                          "read a 1",  // under a lock
                          "read a 1", "update a 2", "update a 3"));
}

TEST_F(VariableTest, HasANumberForEachWrite) {
  EXPECT_THAT(Of("kinds").all,
              ElementsAre("write wide 1", "update wide 2", "write shared 1",
                          "write plain 1", "read plain 0"));
}

TEST_F(VariableTest, ThatIsKnownByItsAddressIsOneOfABoundedNumber) {
  const Accesses accesses = Of("many");
  EXPECT_EQ(accesses.counts.size(), 8192u);
  for (const auto& [object, count] : accesses.counts) EXPECT_EQ(count, 2u);
  EXPECT_THAT(said_, HasSubstr("more than 8192 addresses"));
}

TEST_F(VariableTest, HasTheNameOfItsOwnFirstAccess) {
  EXPECT_THAT(Of("reuse").all, ElementsAre("write first 1", "write first 2",
                                           "write second 1", "write second 2"));
}

TEST_F(VariableTest, HasItsNameWhoeverAccessesItFirst) {
  const Accesses accesses = Of("together");
  size_t named = 0;
  for (const auto& [object, count] : accesses.counts) {
    named += accesses.names.at(object) == "together";
  }
  EXPECT_EQ(accesses.counts.size(), 200u);
  EXPECT_EQ(named, 200u);
}

TEST_F(VariableTest, IsNothingWhereNothingIsRecorded) {
  for (const char* mode : {"mode=off", "mode=live:command=none"}) {
    const Finished finished =
        Child("variable_program", {"repeats"}).Options(mode).Run();
    EXPECT_TRUE(finished.Succeeded()) << finished;
    EXPECT_EQ(finished.err, "") << mode;
  }
}

}  // namespace
}  // namespace lockcheck::testing
