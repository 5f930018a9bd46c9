// Everything that can be said about a recording, in every form: for tests which
// ask whether a damaged one is survived.
#ifndef LOCKCHECK_TESTS_REPORT_ALL_FORMS_H_
#define LOCKCHECK_TESTS_REPORT_ALL_FORMS_H_

#include <string>

#include "lib/analysis/findings.h"
#include "lib/analysis/statistics.h"
#include "lib/analysis/std_lock.h"
#include "lib/log/recording.h"
#include "lib/report/build.h"
#include "lib/report/dot.h"
#include "lib/report/folded.h"
#include "lib/report/json.h"
#include "lib/report/status_text.h"
#include "lib/report/std_lock_places.h"
#include "lib/report/text.h"

namespace lockcheck::report::testing {

struct AllForms {
  std::string text, verbose_text, status, json, dot, folded;
};

inline Report ReportOf(const log::Recording& recording) {
  analysis::ScanResult scan = analysis::Scan(recording, {.threads = 1});
  const Resolve resolve = [](const log::Frame& frame, bool) {
    symbolize::SymbolizedFrame found;
    found.module = "program";
    found.offset = frame.offset;
    return found;
  };
  StdLockPlaces std_lock_places(recording, resolve);
  analysis::ReadStdLockAsOneRequest(std_lock_places, scan.observations);
  const analysis::Findings findings =
      analysis::Find(scan.observations, {.policy = analysis::Policy::kOrder});
  return Build(
      {recording, scan.observations, findings, scan.statistics, resolve});
}

inline AllForms AllFormsOf(const log::Recording& recording) {
  const Report report = ReportOf(recording);
  return {.text = Text(report, TextOptions()),
          .verbose_text = Text(report, {.colour = true, .all = true}),
          .status = StatusText(report, {.all = true}),
          .json = Json(report),
          .dot = Dot(report, /*all=*/true),
          .folded = Folded(report, FoldedBy::kSuffered) +
                    Folded(report, FoldedBy::kCaused)};
}

}  // namespace lockcheck::report::testing

#endif  // LOCKCHECK_TESTS_REPORT_ALL_FORMS_H_
