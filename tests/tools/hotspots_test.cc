// Every primitive of lib/model has a hotspot row in text and in JSON, with what
// is particular to it: of a program that uses each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "lib/model/primitives.h"
#include "nlohmann/json.hpp"
#include "tests/tools/schema_validator.h"
#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using Json = nlohmann::json;
using model::ObjectKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Where in the row, and what stands there.
using Fact = std::pair<const char*, Json>;

struct Expected {
  ObjectKind kind;
  const char* group;  // of the text
  const char* label;
  std::vector<Fact> facts;
};
void PrintTo(const Expected& expected, std::ostream* out) {
  *out << model::PrimitiveOf(expected.kind).name;
}

const std::vector<Fact> kLockUsedByTwo = {{"/usage/acquisitions", 4},
                                          {"/usage/owner_changes", 1},
                                          {"/usage/actors", 2},
                                          {"/usage/waited_ns", 0.0},
                                          {"/usage/speed_up_at_most", 1.0},
                                          {"/usage/posts", nullptr}};
const std::vector<Fact> kReadOnce = {{"/usage/acquisitions", 2},
                                     {"/usage/serial", nullptr},
                                     {"/usage/speed_up_at_most", 1.0}};

const std::vector<Expected>& All() {
  static const std::vector<Expected> all = {
      {ObjectKind::kMutex, "LOCKS", "mutex", kLockUsedByTwo},
      {ObjectKind::kTimedMutex, "LOCKS", "timed_mutex", kLockUsedByTwo},
      {ObjectKind::kRecursiveMutex, "LOCKS", "recursive_mutex", kLockUsedByTwo},
      {ObjectKind::kRecursiveTimedMutex, "LOCKS", "recursive_timed_mutex",
       kLockUsedByTwo},
      {ObjectKind::kActorEnd, "JOINS", "ends of threads", {{"/standing", 0}}},
      {ObjectKind::kSharedMutex, "LOCKS", "shared_mutex", kReadOnce},
      {ObjectKind::kSharedTimedMutex, "LOCKS", "shared_timed_mutex", kReadOnce},
      {ObjectKind::kConditionVariable,
       "SIGNALS",
       "condition_variable",
       {{"/usage/posts", 2},
        {"/usage/woken_in_vain", 0},
        {"/usage/speed_up_at_most", nullptr},
        {"/level", nullptr}}},
      {ObjectKind::kSemaphore,
       "LOCKS",
       "semaphore",
       {{"/usage/acquisitions", 3},
        {"/permits/begins_with", 2},
        {"/permits/acquired", 3},
        {"/permits/all_in_use", false}}},
      {ObjectKind::kEvent,
       "SIGNALS",
       "event",
       {{"/usage/posts", 1},
        {"/usage/woke_nobody", 1},
        {"/usage/clears", 1},
        {"/usage/takes", 1},
        {"/usage/signal_waits", 0}}},
      {ObjectKind::kLatch,
       "SIGNALS",
       "latch",
       {{"/usage/posts", 2}, {"/usage/takes", 2}}},
      {ObjectKind::kBarrier,
       "SIGNALS",
       "barrier",
       {{"/usage/posts", 2}, {"/usage/takes", 2}}},
      {ObjectKind::kFuture,
       "SIGNALS",
       "future",
       {{"/usage/posts", 1}, {"/usage/takes", 1}}},
      {ObjectKind::kOnceFlag,
       "LOCKS",
       "once_flag",
       {{"/usage/contended", 0}, {"/usage/speed_up_at_most", 1.0}}},
      {ObjectKind::kQueue,
       "SIGNALS",
       "queue",
       {{"/usage/posts", 3},
        {"/usage/takes", 3},
        {"/level/of", "items"},
        {"/level/begins_with", 0},
        {"/level/acts", 6},
        {"/level/every", 1},
        {"/level/min", 0}}},
      {ObjectKind::kQueueSlots,
       "SIGNALS",
       "queue (room)",
       {{"/usage/posts", 3},
        {"/usage/takes", 3},
        {"/level/of", "room"},
        {"/level/begins_with", 2},
        {"/level/acts", 6},
        {"/level/every", 1},
        {"/level/max", 2}}},
      {ObjectKind::kQueueDone,
       "SIGNALS",
       "queue (end)",
       {{"/usage/posts", 3},
        {"/usage/takes", 1},
        {"/level/of", "unfinished"},
        {"/level/acts", 3},
        {"/level/every", nullptr},
        {"/level/min", 0}}},
      {ObjectKind::kThreadPool,
       "POOLS",
       "thread_pool (slots)",
       {{"/pool/workers", 1},
        {"/pool/tasks", 2},
        {"/pool/most_running", 1},
        {"/pool/queued_ns/n", 2},
        {"/pool/ran_ns/n", 2}}},
      {ObjectKind::kGil,
       "GIL",
       "gil",
       {{"/gil/switches", 1},
        {"/gil/waited_share", 0.5},
        {"/gil/convoy", 0.5},
        {"/usage/contended", 1}}},
      {ObjectKind::kRegion,
       "SIGNALS",
       "blocking_region",
       {{"/usage/signal_waits", 1}, {"/usage/posts", 0}}},
      {ObjectKind::kOperation,
       "SIGNALS",
       "async_operation",
       {{"/usage/posts", 1},
        {"/usage/clears", 1},
        {"/level/of", "in flight"},
        {"/level/max", 1}}},
      {ObjectKind::kQueueClose,
       "SIGNALS",
       "closed (close)",
       {{"/usage/posts", 1},
        {"/usage/takes", 1},
        {"/usage/signal_waits", 0},
        {"/level", nullptr}}},
      {ObjectKind::kCoroutineMutex, "LOCKS", "coroutine_mutex", kLockUsedByTwo},
      {ObjectKind::kProcessMutex, "LOCKS", "process_mutex", kLockUsedByTwo},
      {ObjectKind::kProcessRecursiveMutex, "LOCKS", "process_recursive_mutex",
       kLockUsedByTwo},
      {ObjectKind::kProcessSharedMutex, "LOCKS", "process_shared_mutex",
       kLockUsedByTwo},
      {ObjectKind::kProcessSemaphore,
       "LOCKS",
       "process_semaphore",
       {{"/usage/acquisitions", 3},
        {"/permits/begins_with", 2},
        {"/permits/acquired", 3},
        {"/permits/all_in_use", false}}},
      {ObjectKind::kProcessEvent,
       "SIGNALS",
       "process_event",
       {{"/usage/posts", 1},
        {"/usage/woke_nobody", 1},
        {"/usage/clears", 1},
        {"/usage/takes", 1},
        {"/usage/signal_waits", 0}}},
      {ObjectKind::kProcessConditionVariable,
       "SIGNALS",
       "process_condition_variable",
       {{"/usage/posts", 2},
        {"/usage/woken_in_vain", 0},
        {"/usage/speed_up_at_most", nullptr},
        {"/level", nullptr}}},
      {ObjectKind::kProcessBarrier,
       "SIGNALS",
       "process_barrier",
       {{"/usage/posts", 2}, {"/usage/takes", 2}}},
      {ObjectKind::kProcessQueue,
       "SIGNALS",
       "process_queue",
       {{"/usage/posts", 4},
        {"/usage/takes", 3},
        {"/level/of", "items"},
        {"/level/begins_with", 0},
        {"/level/acts", 6},
        {"/level/every", 1},
        {"/level/min", 0}}},
      {ObjectKind::kProcessQueueSlots,
       "SIGNALS",
       "process_queue (room)",
       {{"/usage/posts", 4},
        {"/usage/takes", 3},
        {"/level/of", "room"},
        {"/level/begins_with", 2},
        {"/level/acts", 6},
        {"/level/max", 2}}},
      {ObjectKind::kProcessQueueDone,
       "SIGNALS",
       "process_queue (end)",
       {{"/usage/posts", 3},
        {"/usage/takes", 1},
        {"/level/of", "unfinished"},
        {"/level/acts", 3},
        {"/level/min", 0}}},
      {ObjectKind::kProcessQueueClose,
       "SIGNALS",
       "process_queue (close)",
       {{"/usage/posts", 1}, {"/usage/takes", 1}, {"/level", nullptr}}},
      {ObjectKind::kProcessPool,
       "POOLS",
       "process_pool (slots)",
       {{"/pool/workers", 1},
        {"/pool/tasks", 2},
        {"/pool/most_running", 1},
        {"/pool/queued_ns/n", 2},
        {"/pool/ran_ns/n", 2}}},
      {ObjectKind::kCoroutineSharedMutex, "LOCKS", "coroutine_shared_mutex",
       kReadOnce},
  };
  return all;
}

TEST(Hotspots, KnowEveryPrimitive) {
  std::vector<ObjectKind> of_model, expected;
  for (const model::Primitive& row : model::kPrimitives) {
    // Nobody waits for variables.
    if (row.kind == ObjectKind::kUnknown || row.data) continue;
    of_model.push_back(row.kind);
  }
  for (const Expected& row : All()) expected.push_back(row.kind);
  EXPECT_EQ(expected, of_model);
}

class HotspotsOf : public ::testing::TestWithParam<Expected> {
 protected:
  void SetUp() override {
    const auto f = lockcheck::testing::Child("hotspots_program")
                       .Options("log=" + log_)
                       .Run();
    ASSERT_TRUE(f.Succeeded()) << f;
    ASSERT_EQ(f.err, "");
    text_ = RunCommand({"analyze", "--top", "0", log_}).out;
    json_ = Json::parse(RunCommand({"analyze", "--json", "-", log_}).out);
  }
  void TearDown() override { std::remove(log_.c_str()); }

  // The row, or null.
  Json Row() const {
    if (GetParam().kind == ObjectKind::kActorEnd) return json_["joins"];
    for (const Json& row : json_["classes"]) {
      if (row["kind"] == model::PrimitiveOf(GetParam().kind).name &&
          row["class"] == GetParam().label) {
        return row;
      }
    }
    return nullptr;
  }
  // Up to the next empty line.
  std::string Group(const std::string& title) const {
    const size_t at = text_.find("\n" + title);
    if (at == text_.npos) return "";
    return text_.substr(at + 1, text_.find("\n\n", at) - at);
  }

  const std::string log_ =
      ::testing::TempDir() + "hotspots." + std::to_string(getpid()) + ".log";
  std::string text_;
  Json json_;
};
INSTANTIATE_TEST_SUITE_P(EachPrimitive, HotspotsOf, ::testing::ValuesIn(All()),
                         [](const ::testing::TestParamInfo<Expected>& info) {
                           return std::string(
                               model::PrimitiveOf(info.param.kind).name);
                         });

TEST_P(HotspotsOf, HaveTheirRowInTextAndInJson) {
  const Json row = Row();
  ASSERT_FALSE(row.is_null()) << json_["classes"];
  for (const auto& [where, what] : GetParam().facts) {
    EXPECT_EQ(row.at(Json::json_pointer(where)), what) << where << row;
  }
  EXPECT_THAT(Group(GetParam().group),
              HasSubstr("\n  " + std::string(GetParam().label) + " "))
      << text_;
  const Json schema =
      Json::parse(std::ifstream(LOCKCHECK_DOCS "/report.schema.json"));
  EXPECT_THAT(SchemaValidator(schema).Check(json_), IsEmpty());
}

TEST_P(HotspotsOf, HaveTimesWhereSomebodyWaited) {
  const Json row = Row();
  ASSERT_FALSE(row.is_null());
  if (GetParam().kind == ObjectKind::kGil) {
    EXPECT_GT(row["gil"]["waiting_ns"], 0.0);
    EXPECT_GE(row["usage"]["speed_up_at_most"], 1.0);
    EXPECT_GE(row["usage"]["crowd"], 1.0);
  } else if (GetParam().kind == ObjectKind::kActorEnd) {
    EXPECT_GE(row["wait_ns"]["n"], 12);
  } else if (GetParam().kind == ObjectKind::kThreadPool ||
             GetParam().kind == ObjectKind::kProcessPool) {
    EXPECT_GE(row["pool"]["open_ns"], row["pool"]["ran_ns"]["total"]);
    EXPECT_LE(row["pool"]["utilisation"], 1.0);
  } else {
    // Times are those of the waits that there were.
    EXPECT_EQ(row["usage"]["waited_ns"] > 0.0,
              row["usage"]["wait_ns"]["total"] > 0.0);
  }
}

}  // namespace
}  // namespace lockcheck::tools::testing
