// `lockcheck analyze --baseline` and `--write-baseline` from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#define LOCKCHECK_TESTS_BANK_BODIES
#include "tests/tools/bank_log.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class BaselineTest : public ::testing::Test {
 protected:
  BaselineTest() {
    std::string folder = ::testing::TempDir() + "/baseline.XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    known_ = Path("known.ids");
  }
  ~BaselineTest() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) { return folder_ / name; }
  std::string Save(bank::Log log, const std::string& name = "run.log") {
    log.Write(Path(name));
    return Path(name);
  }
  std::string SaveText(const std::string& text, const std::string& name) {
    std::ofstream(Path(name)) << text;
    return Path(name);
  }
  static std::string Read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  static Ran Analyze(std::vector<std::string> words) {
    words.insert(words.begin(), "analyze");
    return RunCommand(words);
  }
  // Two deadlocks, each confirmed.
  static bank::Log Twice() {
    bank::Log b = bank::Opened();
    bank::Nested(b, bank::kClerk, bank::kCash, bank::kPayIn, bank::kBooks,
                 bank::kPayOut);
    bank::Nested(b, bank::kAuditor, bank::kBooks, bank::kAudit, bank::kCash,
                 bank::kCheckBooks);
    bank::Nested(b, bank::kClerk, bank::kVault, bank::kEnterVault, bank::kBooks,
                 bank::kPayOut);
    bank::Nested(b, bank::kAuditor, bank::kBooks, bank::kAudit, bank::kVault,
                 bank::kEnterVault);
    return std::move(bank::Closed(b));
  }

  fs::path folder_;
  std::string known_;
};

TEST_F(BaselineTest, WhatIsWrittenDownDoesNotFailAnyMore) {
  const std::string log = Save(bank::Abba());
  EXPECT_EQ(Analyze({log, "--write-baseline", known_}).status, 1);
  EXPECT_THAT(
      Read(known_),
      ContainsRegex("^[0-9a-f]{12}  # confirmed lock-order: books -> cash\n$"));
  const Ran ran = Analyze({log, "--baseline", known_});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("FINDINGS  none, 1 in the baseline\n"),
                             EndsWith("\nOK  nothing that fails\n")));
  EXPECT_THAT(ran.out, Not(HasSubstr("CONFIRMED DEADLOCK")));
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST_F(BaselineTest, WhatIsNewFailsAndIsShownAlone) {
  Analyze({Save(bank::Abba()), "--write-baseline", known_});
  const Ran ran = Analyze({Save(Twice()), "--baseline", known_});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out,
              HasSubstr("FINDINGS  1 confirmed deadlock, 1 in the baseline\n"));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("books -> vault"),
                             Not(HasSubstr("books -> cash"))));
  EXPECT_EQ(
      Analyze({Save(Twice()), "--baseline", known_, "--error-exitcode", "9"})
          .status,
      9);
}

TEST_F(BaselineTest, OneFileMayBeBoth) {
  SaveText("", "known.ids");
  const std::vector<std::string> words = {Save(Twice()), "--baseline", known_,
                                          "--write-baseline", known_};
  EXPECT_EQ(Analyze(words).status, 1);
  const std::string written = Read(known_);
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 2);
  EXPECT_EQ(Analyze(words).status, 0);
  EXPECT_EQ(Read(known_), written);
}

TEST_F(BaselineTest, AFileWithoutANameMayBeBoth) {
  const int fd = memfd_create("known", MFD_CLOEXEC);
  const std::string path = fmt::format("/proc/{}/fd/{}", getpid(), fd);
  const std::vector<std::string> words = {
      Save(Twice()), "--only",           "confirmed", "--baseline",
      path,          "--write-baseline", path};
  const Ran first = Analyze(words);
  EXPECT_EQ(first.status, 1);
  EXPECT_THAT(first.out, HasSubstr("[2] CONFIRMED DEADLOCK"));
  const Ran second = Analyze(words);
  EXPECT_EQ(second.status, 0);
  EXPECT_THAT(second.out, IsEmpty());
  EXPECT_THAT(second.err, IsEmpty());
  close(fd);
}

TEST_F(BaselineTest, TheJsonSaysIt) {
  const std::string log = Save(Twice());
  Analyze({Save(bank::Abba(), "old.log"), "--write-baseline", known_});
  const auto json = nlohmann::json::parse(
      Analyze({log, "--baseline", known_, "--json", "-"}).out);
  EXPECT_EQ(json["summary"]["in_baseline"], 1);
  EXPECT_EQ(json["summary"]["confirmed"], 1);
  EXPECT_EQ(json["summary"]["fails"], 1);
  for (const auto& finding : json["findings"]) {
    EXPECT_NE(finding["in_baseline"], finding["fails"]);
  }
}

TEST_F(BaselineTest, AllShowsItAndOnlyDoesNot) {
  const std::string log = Save(bank::Abba());
  Analyze({log, "--write-baseline", known_});
  EXPECT_THAT(Analyze({log, "--baseline", known_, "--all"}).out,
              ContainsRegex("CONFIRMED DEADLOCK.*\\(in the baseline\\)"));
  EXPECT_THAT(Analyze({log, "--baseline", known_, "--only", "confirmed"}).out,
              IsEmpty());
}

TEST_F(BaselineTest, OnlyDoesNotSayWhatDidNotOccur) {
  const std::string log = Save(bank::Abba());
  SaveText("0123456789ab\n", "known.ids");
  EXPECT_THAT(Analyze({log, "--baseline", known_}).err,
              HasSubstr("did not occur"));
  EXPECT_THAT(Analyze({log, "--baseline", known_, "--only", "confirmed"}).err,
              IsEmpty());
}

TEST_F(BaselineTest, OnlyWritesWhatItShows) {
  const std::string log = Save(Twice());
  Analyze({log, "--only", "actual", "--write-baseline", known_});
  EXPECT_THAT(Read(known_), IsEmpty());
  Analyze({log, "--only", "confirmed", "--write-baseline", known_});
  EXPECT_THAT(Read(known_), Not(IsEmpty()));
}

TEST_F(BaselineTest, WhatIsRefutedOrSuppressedIsNotWritten) {
  Analyze({Save(bank::Gated()), "--write-baseline", known_});
  EXPECT_THAT(Read(known_), IsEmpty());
  const std::string suppressed = SaveText("deadlock:*  # all\n", "supp");
  const Ran ran = Analyze({Save(Twice()), "--suppressions", suppressed,
                           "--write-baseline", known_});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(Read(known_), IsEmpty());
}

TEST_F(BaselineTest, WhatIsSuppressedTooCountsAsSuppressed) {
  const std::string log = Save(bank::Abba());
  Analyze({log, "--write-baseline", known_});
  const std::string suppressed = SaveText("deadlock:*  # all\n", "supp");
  const Ran ran =
      Analyze({log, "--suppressions", suppressed, "--baseline", known_});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, HasSubstr("FINDINGS  none  (--all shows 1 suppressed)"));
  EXPECT_THAT(ran.err, IsEmpty());  // both were needed
}

TEST_F(BaselineTest, ItCountsMoreThanFailOn) {
  const std::string log = Save(bank::Gated());
  Analyze({log, "--fail-on", "order", "--write-baseline", known_});
  EXPECT_THAT(Read(known_), HasSubstr("refuted lock-order: "));
  EXPECT_EQ(Analyze({log, "--fail-on", "order"}).status, 1);
  EXPECT_EQ(Analyze({log, "--fail-on", "order", "--baseline", known_}).status,
            0);
  const std::string slow = Save(bank::Contended());
  const std::string budget = "contention:max>1ms";
  Analyze({slow, "--fail-on", budget, "--write-baseline", known_});
  EXPECT_THAT(Read(known_), HasSubstr("contention budget: cash\n"));
  EXPECT_EQ(Analyze({slow, "--fail-on", budget, "--baseline", known_}).status,
            0);
}

TEST_F(BaselineTest, WhatDidNotOccurIsSaidAndKept) {
  const std::string known =
      SaveText("00000000000a  # see ticket 7\n", "known.ids");
  const Ran ran = Analyze({Save(bank::OneOrder()), "--baseline", known,
                           "--write-baseline", Path("next.ids")});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "lockcheck: " + known +
                         ": 1 of its 1 findings did not occur: 00000000000a; "
                         "remove those that are fixed\n");
  EXPECT_EQ(Read(Path("next.ids")), "00000000000a  # see ticket 7\n");
}

TEST_F(BaselineTest, OneThatIsWrongOrMissingIsWrongUsage) {
  const std::string log = Save(bank::Abba());
  const std::string wrong = SaveText("# known\ncash\n", "wrong.ids");
  const Ran ran = Analyze({log, "--baseline", wrong});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_EQ(ran.err, "lockcheck: " + wrong +
                         ":2: 'cash' is no finding's id; write its 12 "
                         "hexadecimal digits, or let --write-baseline write "
                         "the file\n");
  const Ran missing =
      Analyze({log, "--baseline", known_, "--write-baseline", known_});
  EXPECT_EQ(missing.status, 2);
  EXPECT_EQ(missing.err, "lockcheck: " + known_ +
                             ": cannot read the baseline: No such file or "
                             "directory; --write-baseline writes one\n");
  EXPECT_FALSE(fs::exists(known_));
}

TEST_F(BaselineTest, NothingIsWrittenIfALogCannotBeRead) {
  SaveText("", "known.ids");
  EXPECT_EQ(Analyze({Save(bank::Abba()), Path("none.log"), "--write-baseline",
                     known_})
                .status,
            3);
  EXPECT_THAT(Read(known_), IsEmpty());
}

TEST_F(BaselineTest, OneThatCannotBeWrittenIsStatusThree) {
  const std::string path = Path("no/such/folder.ids");
  const Ran ran = Analyze({Save(bank::Abba()), "--write-baseline", path});
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.err, "lockcheck: " + path +
                         ": cannot write: No such file or directory\n");
}

TEST_F(BaselineTest, SeveralLogsHaveOne) {
  const std::vector<std::string> logs = {Save(bank::Abba(), "a.log"),
                                         Save(Twice(), "b.log")};
  Analyze({logs[0], logs[1], "--write-baseline", known_});
  const std::string written = Read(known_);
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 2);
  const Ran ran = Analyze({logs[0], logs[1], "--baseline", known_});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.err, IsEmpty());
}

}  // namespace
}  // namespace lockcheck::tools::testing
