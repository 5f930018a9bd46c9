// What the tests of hotspots make reports of: logs whose numbers are computed
// by hand. A tick is a nanosecond.
#ifndef LOCKCHECK_TESTS_REPORT_HOTSPOTS_TEST_H_
#define LOCKCHECK_TESTS_REPORT_HOTSPOTS_TEST_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "lib/report/json.h"
#include "tests/log/log_builder.h"
#include "tests/report/all_forms.h"

namespace lockcheck::report::testing {

inline constexpr uint32_t kSite = 10, kA = 1, kB = 2;

// Three actors from 0 to 1000 ns.
class HotspotsTest : public ::testing::Test {
 protected:
  HotspotsTest() {
    b_.Process(1).Actor(1, log::BeginHow::kMain).Site(kSite, {0x40});
    b_.Fork(1, 2).Fork(1, 3);
    b_.Actor(2, log::BeginHow::kStarted, {.parent = 1});
    b_.Actor(3, log::BeginHow::kStarted, {.parent = 1}).In(1);
  }
  void Wait(uint32_t actor, uint32_t object, uint64_t from, uint64_t to,
            model::Outcome outcome = model::Outcome::kTimedOut) {
    b_.At(from).Block(actor, object, kSite, 1, kSite);
    b_.At(to).Unblock(actor, outcome);
  }
  Report Made() {
    b_.At(1000).Exit(1);
    return Opened();
  }
  Report Opened() {
    const std::string path =
        ::testing::TempDir() + "hotspots." + std::to_string(getpid()) + ".log";
    b_.Write(path);
    auto recording = log::Recording::Open(path);
    std::remove(path.c_str());
    EXPECT_TRUE(recording.ok()) << recording.status();
    return ReportOf(**recording);
  }
  const ClassRow& Class(const Report& report, const std::string& name) {
    for (const ClassRow& row : report.classes) {
      if (row.name == name) return row;
    }
    ADD_FAILURE() << "no class " << name;
    return report.classes.at(0);
  }

  log::testing::LogBuilder b_;
};

}  // namespace lockcheck::report::testing

#endif  // LOCKCHECK_TESTS_REPORT_HOTSPOTS_TEST_H_
