// lockcheck import and lockcheck export --to std, as commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kAbba[] =
    "0|fork(1)|1\n0|fork(2)|2\n1|acq(cash)|bank.cc:3\n1|acq(books)|bank.cc:4\n"
    "1|rel(books)|0\n1|rel(cash)|0\n2|acq(books)|bank.cc:8\n"
    "2|acq(cash)|bank.cc:9\n2|rel(cash)|0\n2|rel(books)|0\n"
    "0|join(1)|11\n0|join(2)|12\n";

class ImportTest : public ::testing::Test {
 protected:
  ImportTest() { std::filesystem::create_directory(folder_); }
  ~ImportTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + name; }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
    return Path(name);
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t Files() const {
    return static_cast<size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  const std::string folder_ =
      absl::StrCat(::testing::TempDir(), "/import_test.", getpid(), "/");
};

TEST_F(ImportTest, AnImportedTraceIsAnalyzedLikeAnyLog) {
  const std::string log = Path("abba.log");
  const Ran imported =
      RunCommand({"import", Write("abba.std", kAbba), "-o", log});
  EXPECT_EQ(imported.status, 0) << imported.err;
  EXPECT_THAT(imported.out, IsEmpty());
  EXPECT_THAT(imported.err, IsEmpty());
  const Ran analyzed = RunCommand({"analyze", log});
  EXPECT_EQ(analyzed.status, 1);
  EXPECT_THAT(analyzed.err, IsEmpty());
  EXPECT_THAT(analyzed.out,
              AllOf(HasSubstr("cash"), HasSubstr("books"),
                    HasSubstr("bank.cc:4"), HasSubstr("bank.cc:9")));
}

TEST_F(ImportTest, ItsExportIsTheTraceInAnOrderOfItsOwn) {
  const std::string log = Path("abba.log");
  RunCommand({"import", Write("abba.std", kAbba), "-o", log});
  const Ran exported = RunCommand({"export", log, "--to", "std"});
  EXPECT_EQ(exported.status, 0) << exported.err;
  EXPECT_EQ(exported.out.size(), sizeof(kAbba) - 1);
  const std::string again = Path("again.log");
  EXPECT_EQ(
      RunCommand({"import", Write("b.std", exported.out), "-o", again}).status,
      0);
  EXPECT_EQ(RunCommand({"export", again, "--to", "std"}).out, exported.out);
}

TEST_F(ImportTest, WhatIsLeftOutIsSaidInOneLine) {
  const Ran ran =
      RunCommand({"import", Write("t.std", "1|branch|1\n1|acq(a)|2"), "-o",
                  Path("t.log")});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err,
            absl::StrCat("lockcheck: ", Path("t.std"),
                         ": 1 branch was left out: a log has none, first in "
                         "line 1\n"));
}

TEST_F(ImportTest, ATraceThatCannotBeReadLeavesNoLog) {
  const Ran ran = RunCommand(
      {"import", Write("t.std", "1|acq(a)\n\x01\xff"), "-o", Path("t.log")});
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("t.std: line 2: "),
                             HasSubstr("is this a trace in the STD format?")));
  EXPECT_EQ(Files(), 1u);
}

TEST_F(ImportTest, AnOldLogStaysUntilTheNewOneIsWhole) {
  const std::string log = Write("t.log", "old");
  EXPECT_EQ(
      RunCommand({"import", Write("t.std", "nonsense"), "-o", log}).status, 3);
  EXPECT_EQ(Read(log), "old");
  EXPECT_EQ(RunCommand({"import", Write("t.std", kAbba), "-o", log}).status, 0);
  EXPECT_THAT(Read(log), HasSubstr("LOCKCHK"));
}

TEST_F(ImportTest, StandardInputIsATraceToo) {
  const Ran ran = RunCommand({"import", "-", "-o", Path("t.log")},
                             "< " + Write("t.std", kAbba));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(RunCommand({"analyze", Path("t.log")}).status, 1);
}

TEST_F(ImportTest, WhereALogCannotBeIsSaid) {
  const std::string trace = Write("t.std", kAbba);
  EXPECT_THAT(RunCommand({"import", trace, "-o", trace}).err,
              HasSubstr("it is the trace; give -o another name"));
  EXPECT_EQ(Read(trace), kAbba);
  EXPECT_THAT(RunCommand({"import", trace, "-o", "/dev/null"}).err,
              HasSubstr("it is no regular file"));
  EXPECT_THAT(RunCommand({"import", trace, "-o", Path("no/such/log")}).err,
              HasSubstr("No such file or directory; give -o another place"));
  EXPECT_EQ(RunCommand({"import", trace, "-o", "-"}).status, 2);
  EXPECT_EQ(RunCommand({"import", trace}).status, 2);
  EXPECT_THAT(RunCommand({"import", Path("none"), "-o", Path("t.log")}).err,
              HasSubstr("cannot read it: No such file"));
}

}  // namespace
}  // namespace lockcheck::tools::testing
