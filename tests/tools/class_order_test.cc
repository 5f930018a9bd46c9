// lockcheck analyze --classes: what is said of lock classes that are taken in
// both orders, when it fails, and by what it is silenced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/log/order_key.h"
#include "tests/log/log_builder.h"
#include "tests/tools/command_runner.h"
#include "tests/tools/schema_validator.h"

namespace lockcheck::tools::testing {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;
using model::ObjectKind;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr uint32_t kBranch1 = 1, kBranch2 = 2, kAccount1 = 3, kAccount2 = 4;

// Two branches and two accounts, each pair of one class.
class ClassOrderCommandTest : public ::testing::Test {
 protected:
  ClassOrderCommandTest() {
    b_.Process(1).Actor(1, BeginHow::kMain).Actor(2, BeginHow::kForeign);
    b_.In(1);
    for (const uint32_t branch : {kBranch1, kBranch2}) {
      b_.Object(branch, ObjectKind::kMutex, "branch");
    }
    for (const uint32_t account : {kAccount1, kAccount2}) {
      b_.Object(account, ObjectKind::kMutex, "account");
    }
  }
  ~ClassOrderCommandTest() override {
    std::remove(log_.c_str());
    std::remove(list_.c_str());
  }

  void Nested(uint32_t actor, uint32_t outer, uint32_t inner) {
    b_.Open(actor, outer, 8).Section(actor, inner, 9).Close(actor);
  }
  void BothOrders() {
    Nested(1, kBranch1, kAccount1);
    Nested(2, kAccount2, kBranch2);
  }
  void Key(uint32_t object, uint32_t key) {
    b_.In(1).Name(log::kOrderKeyName, object, std::to_string(key));
  }
  Ran Analyze(std::vector<std::string> options) {
    b_.Exit(1);
    b_.Write(log_);
    return Again(std::move(options));
  }
  Ran Again(std::vector<std::string> options) {
    options.insert(options.begin(), {"analyze", log_});
    return RunCommand(options);
  }

  LogBuilder b_;
  const std::string log_ =
      absl::StrCat(::testing::TempDir(), "/class_order.", getpid(), ".log");
  const std::string list_ = log_ + ".supp";
};

TEST_F(ClassOrderCommandTest, IsSaidIfAskedForAndDoesNotFail) {
  BothOrders();
  EXPECT_THAT(Analyze({}).out, Not(HasSubstr("class-order")));
  const Ran asked = Again({"--classes"});
  EXPECT_EQ(asked.status, 0) << asked.err;
  EXPECT_THAT(asked.out,
              AllOf(HasSubstr("HAZARD  class-order"),
                    HasSubstr("holds branch #1 and asks for account #1"),
                    HasSubstr("holds account #2 and asks for branch #2"),
                    HasSubstr("others of their locks may meet"),
                    HasSubstr("always take a lock of"),
                    HasSubstr("suppress   class-")));
}

TEST_F(ClassOrderCommandTest, FailsIfThatIsAskedFor) {
  BothOrders();
  const Ran named = Analyze({"--fail-on", "class-order"});
  EXPECT_EQ(named.status, 1);
  EXPECT_THAT(named.out, HasSubstr("HAZARD  class-order"));
  EXPECT_EQ(Again({"--classes", "--fail-on", "hazard"}).status, 1);
  EXPECT_EQ(Again({"--fail-on", "hazard"}).status, 0);
  EXPECT_EQ(Again({"--classes", "--fail-on", "deadlock,order"}).status, 0);
}

TEST_F(ClassOrderCommandTest, CanBeSuppressedByItsRule) {
  BothOrders();
  std::ofstream(list_) << "class-order:account -> branch  # never meet\n"
                          "class-order:branch -> account  # never meet\n";
  const Ran ran =
      Analyze({"--fail-on", "class-order", "--suppressions", list_});
  EXPECT_EQ(ran.status, 0) << ran.err;
}

TEST_F(ClassOrderCommandTest, ADeadlockOfTheSameClassesSaysMore) {
  Nested(1, kBranch1, kAccount1);
  Nested(2, kAccount1, kBranch1);
  Nested(2, kAccount2, kBranch2);
  EXPECT_THAT(Analyze({"--classes"}).out,
              AllOf(HasSubstr("lock-order"), Not(HasSubstr("class-order"))));
}

TEST_F(ClassOrderCommandTest, OneClassWithinItselfIsSaid) {
  Nested(1, kAccount1, kAccount2);
  EXPECT_THAT(Analyze({"--classes"}).out,
              AllOf(HasSubstr("both are of the class account"),
                    HasSubstr("lockcheck::order_key")));
}

TEST_F(ClassOrderCommandTest, UnlessItsOrderKeysAscend) {
  Key(kAccount1, 0);
  Key(kAccount2, 7);
  Nested(1, kAccount1, kAccount2);
  EXPECT_THAT(Analyze({"--classes"}).out, Not(HasSubstr("class-order")));
}

TEST_F(ClassOrderCommandTest, OrDescend) {
  Key(kAccount1, 7);
  Key(kAccount2, 0);
  Nested(1, kAccount1, kAccount2);
  EXPECT_THAT(Analyze({"--classes"}).out, HasSubstr("class-order"));
}

TEST_F(ClassOrderCommandTest, ItsJsonIsWhatTheSchemaSays) {
  BothOrders();
  const Ran ran = Analyze({"--classes", "--json", "-"});
  EXPECT_THAT(ran.out, HasSubstr("\"class-order\""));
  const auto schema = nlohmann::json::parse(
      std::ifstream(LOCKCHECK_DOCS "/report.schema.json"));
  EXPECT_THAT(SchemaValidator(schema).Check(nlohmann::json::parse(ran.out)),
              IsEmpty());
}

}  // namespace
}  // namespace lockcheck::tools::testing
