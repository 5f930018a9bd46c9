// The place of every lock operation and the stack that led there, by name and
// line, for every level of optimization.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "lib/symbolize/symbolize.h"
#include "tests/runtime/child.h"
#include "tests/runtime/events.h"
#include "tests/variants.h"

namespace lockcheck::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;

class Sites : public ::testing::TestWithParam<std::string> {
 protected:
  struct Place {
    std::string function;
    int line = 0;
  };

  void SetUp() override {
    const Finished finished =
        Child(GetParam()).Options("log=" + (folder_ / "log")).Run();
    ASSERT_TRUE(finished.Succeeded()) << finished;
    ASSERT_EQ(finished.err, "");
    std::istringstream said(finished.out);
    Place place;
    for (std::string lock; said >> lock >> place.function >> place.line;) {
      expected_[lock] = place;
    }
    recording_ = OpenLog(folder_ / "log");
    ASSERT_NE(recording_, nullptr);
    symbolizer_ = std::make_unique<symbolize::Symbolizer>(
        recording_->modules, std::vector<std::string>());
    const EventReader reader = ReadEvents(*recording_, 0);
    EXPECT_THAT(reader.complaints, IsEmpty());
    for (const Event& e : reader.events) {
      if (e.what != What::kAcquired) continue;
      const log::Object& object =
          recording_->objects[recording_->FindObject(0, e.object)];
      taken_[object.name].insert(e.site);
      how_[object.name] = e.how;
    }
  }

  std::vector<const symbolize::SymbolizedFrame*> Symbolized(
      const std::vector<log::Frame>& frames) {
    std::vector<const symbolize::SymbolizedFrame*> stack;
    for (size_t i = 0; i < frames.size(); ++i) {
      stack.push_back(&symbolizer_->Find(frames[i], i != 0));
    }
    return stack;
  }
  // The name without namespaces.
  static std::string Short(const std::string& function) {
    return function.substr(function.rfind(':') + 1);
  }
  std::vector<std::string> FunctionsOf(const std::vector<log::Frame>& frames) {
    std::vector<std::string> names;
    for (const auto* frame : Symbolized(frames)) {
      for (const auto& source : frame->frames) {
        names.push_back(Short(source.function));
      }
    }
    return names;
  }
  const std::vector<log::Frame>& SiteOf(const std::string& lock) {
    const uint32_t site = *taken_.at(lock).begin();
    return recording_->sites[recording_->FindSite(site)].frames;
  }

  Folder folder_;
  std::map<std::string, Place> expected_;
  std::map<std::string, std::set<uint32_t>> taken_;  // lock -> raw site ids
  std::map<std::string, model::How> how_;
  std::unique_ptr<log::Recording> recording_;
  std::unique_ptr<symbolize::Symbolizer> symbolizer_;
};

TEST_P(Sites, AreTheLinesThatTookTheLocks) {
  ASSERT_EQ(expected_.size(), 28u);
  for (const auto& [lock, place] : expected_) {
    SCOPED_TRACE(lock);
    ASSERT_TRUE(taken_.contains(lock));
    for (const uint32_t id : taken_[lock]) {
      const log::SiteIndex site = recording_->FindSite(id);
      ASSERT_NE(site, log::kNone);
      const auto stack = Symbolized(recording_->sites[site].frames);
      const symbolize::SourceFrame* const user = symbolize::UserFrame(stack);
      ASSERT_NE(user, nullptr);
      EXPECT_EQ(Short(user->function), place.function);
      EXPECT_EQ(user->line, place.line);
      EXPECT_THAT(user->file, ::testing::EndsWith("sites.cc"));
    }
  }
}

TEST_P(Sites, OfDifferentLinesAreNeverOne) {
  std::map<uint32_t, int> lines;
  for (const auto& [lock, sites] : taken_) {
    for (const uint32_t site : sites) {
      const auto [at, is_new] = lines.emplace(site, expected_[lock].line);
      EXPECT_EQ(at->second, expected_[lock].line) << lock;
    }
  }
}

TEST_P(Sites, OfGuardsAreTheGuardsOwnLines) {
  // One place gives one site, whatever it takes.
  for (const auto& [lock, place] : expected_) {
    if (lock.substr(0, 3) == "std") continue;  // std::lock() has several
    EXPECT_THAT(taken_[lock], SizeIs(1)) << lock;
  }
}

TEST_P(Sites, OfSeveralAtOnceSayWhetherTheyWereTries) {
  EXPECT_EQ(how_["own_lock_1"], model::How::kMulti);
  EXPECT_EQ(how_["own_lock_2"], model::How::kMulti);
  EXPECT_EQ(how_["own_try_1"], model::How::kTry);
  EXPECT_EQ(how_["own_try_2"], model::How::kTry);
}

TEST_P(Sites, ComeWithTheirCallers) {
  EXPECT_THAT(FunctionsOf(SiteOf("deep")),
              IsSupersetOf({"Inner", "Middle", "Outer", "main"}));
  EXPECT_THAT(FunctionsOf(SiteOf("by_lock")),
              IsSupersetOf({"Members", "main"}));
}

TEST_P(Sites, NameNoFunctionTwice) {
  // Nothing here is recursive: a stack that names a function of the program
  // again began anew within it.
  const auto expect_each_once = [&](const std::vector<log::Frame>& frames) {
    std::set<std::string> seen;
    for (const auto* frame : Symbolized(frames)) {
      for (const auto& source : frame->frames) {
        if (!source.file.ends_with("sites.cc")) continue;
        EXPECT_TRUE(seen.insert(source.function).second) << source.function;
      }
    }
  };
  ASSERT_THAT(taken_["waited"], SizeIs(2));
  for (const log::Site& site : recording_->sites) expect_each_once(site.frames);
  for (const log::Stack& stack : recording_->stacks) {
    expect_each_once(stack.frames);
  }
}

TEST_P(Sites, OfNestedLocksHaveAStackEach) {
  // Two guards, one inside the other: a stack says how it came to that.
  std::set<std::string> names;
  for (const log::Stack& stack : recording_->stacks) {
    EXPECT_EQ(stack.of.reason, log::StackReason::kRequest);
    const symbolize::SourceFrame* const user =
        symbolize::UserFrame(Symbolized(stack.frames));
    ASSERT_NE(user, nullptr);
    names.insert(Short(user->function));
  }
  EXPECT_THAT(names, IsSupersetOf({"OwnGuards", "StdGuards"}));
}

TEST_P(Sites, OfAProjectsOwnGuardHaveAStackForEachOrderOfTheLocks) {
  const auto name = [&](uint32_t object) {
    const log::ObjectIndex index = recording_->FindObject(0, object);
    return index == log::kNone ? "" : recording_->objects[index].name;
  };
  std::map<std::string, std::vector<std::string>> functions;
  for (const log::Stack& stack : recording_->stacks) {
    functions[name(stack.of.held_object) + ">" + name(stack.of.object)] =
        FunctionsOf(stack.frames);
  }
  EXPECT_THAT(functions["books>cash"], ::testing::Contains("Pay"));
  EXPECT_THAT(functions["cash>books"], ::testing::Contains("Refund"));
  EXPECT_THAT(functions[">cash"], ::testing::Contains("Startup"));
}

INSTANTIATE_TEST_SUITE_P(
    Levels, Sites, ::testing::ValuesIn(Variants(LOCKCHECK_SITES_VARIANTS)),
    [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lockcheck::testing
