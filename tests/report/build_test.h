// What the tests of Build() make a report of: a log that says which locks,
// places and actors there are, and findings and statistics made by hand.
#ifndef LOCKCHECK_TESTS_REPORT_BUILD_TEST_H_
#define LOCKCHECK_TESTS_REPORT_BUILD_TEST_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/report/build.h"
#include "tests/log/log_builder.h"

namespace lockcheck::report {

// Address -> what stands there, as the symbolizer would say.
using Code = std::map<uint64_t, std::vector<symbolize::SourceFrame>>;

class BuildTest : public ::testing::Test {
 protected:
  BuildTest() {
    log_.NsPerTick(1.0).At(0).Process(1).Actor(1, log::BeginHow::kMain);
    log_.Module(1, "/usr/bin/bank");
  }

  // Opens what `log_` says; everything else is made by hand.
  void Open() {
    const std::string path = ::testing::TempDir() + "/build_test." +
                             std::to_string(getpid()) + ".log";
    log_.Exit(1).Write(path);
    auto opened = log::Recording::Open(path);
    std::remove(path.c_str());
    ASSERT_TRUE(opened.ok()) << opened.status();
    recording_ = *std::move(opened);
    observations_.recording = recording_.get();
    observations_.object_count = recording_->objects.size();
    observations_.actor_count = recording_->actors.size();
    observations_.end.resize(observations_.actor_count);
    statistics_.objects.resize(observations_.object_count);
    statistics_.sites.resize(recording_->sites.size());
    statistics_.actors.resize(observations_.actor_count);
    statistics_.duration_ns = 1e9;
  }
  uint32_t Object(uint32_t id) { return recording_->FindObject(0, id); }
  uint32_t Site(uint32_t id) { return recording_->FindSite(id); }

  void AddInversion(uint32_t a, uint32_t b, uint32_t site_a, uint32_t site_b) {
    analysis::Finding finding;
    finding.verdict = analysis::Verdict::kPossible;
    finding.objects = {Object(b), Object(a)};
    for (const auto& [holds, wants, site] :
         {std::tuple{a, b, site_a}, std::tuple{b, a, site_b}}) {
      analysis::Part part;
      part.actor = 0;
      part.holds = {
          analysis::Hold{Object(holds), model::Mode::kExclusive, Site(site)}};
      part.wants = Object(wants);
      part.site = Site(site);
      part.count = 1;
      finding.parts.push_back(part);
    }
    findings_.findings.push_back(finding);
  }

  Report Built() {
    return Build({*recording_, observations_, findings_, statistics_,
                  [this](const log::Frame& frame, bool) {
                    symbolize::SymbolizedFrame found;
                    found.module = "bank";
                    found.offset = frame.offset;
                    found.frames = code_[frame.offset];
                    return found;
                  },
                  [this](const log::Frame& frame) {
                    return variables_[{frame.module, frame.offset}];
                  }});
  }
  std::vector<std::string> ClassNames(const Report& report) {
    std::vector<std::string> names;
    for (const ClassRow& row : report.classes) names.push_back(row.name);
    return names;
  }

  log::testing::LogBuilder log_;
  Code code_;
  std::map<std::pair<uint32_t, uint64_t>, std::string> variables_;
  std::unique_ptr<log::Recording> recording_;
  analysis::Observations observations_;
  analysis::Findings findings_;
  analysis::Statistics statistics_;
};

}  // namespace lockcheck::report

#endif  // LOCKCHECK_TESTS_REPORT_BUILD_TEST_H_
