// A finding that the tests of its words put together actor by actor.
#ifndef LOCKCHECK_TESTS_REPORT_WORDS_TEST_H_
#define LOCKCHECK_TESTS_REPORT_WORDS_TEST_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

#include "lib/report/words.h"
#include "tests/report/sample_report.h"

namespace lockcheck::report {

// Actors A1 main, A2 plato and A3 kant; locks fork[0] and fork[1]; the ends of
// plato and kant as objects 2 and 3.
class WordsTest : public ::testing::Test {
 public:  // so that verbs can be chained
  static constexpr uint32_t kPlato = 1, kKant = 2;
  static constexpr uint32_t kEndOfPlato = 2, kEndOfKant = 3;

  WordsTest() {
    for (const char* name : {"the end of A2 (plato)", "the end of A3 (kant)"}) {
      ObjectRow end;
      end.name = name;
      end.kind = model::ObjectKind::kActorEnd;
      report_.objects.push_back(end);
    }
  }

  WordsTest& Is(analysis::Rule rule, analysis::Verdict verdict) {
    finding_.rule = rule;
    row_.verdict = verdict;
    return *this;
  }
  WordsTest& Part(uint32_t actor, std::optional<uint32_t> holds,
                  std::optional<uint32_t> wants, uint64_t count = 1) {
    PartRow part;
    part.actor = actor;
    part.count = count;
    if (holds) part.holds = {{*holds, model::Mode::kExclusive, 0}};
    if (wants) {
      part.wants = WantRow{.object = *wants, .site = 1};
      row_.objects.push_back(*wants);
    }
    row_.parts.push_back(part);
    return *this;
  }
  const FindingRow& Explained() {
    Explain(report_, finding_, row_);
    return row_;
  }

  Report report_ = testing::SampleReport();
  analysis::Finding finding_;
  FindingRow row_;
};

}  // namespace lockcheck::report

#endif  // LOCKCHECK_TESTS_REPORT_WORDS_TEST_H_
