// bank_console at a terminal, with no log: what is typed hangs it, and the
// report is there at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/runtime/child.h"
#include "tests/samples/readme.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::samples::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCtrlD = 4, kCtrlBackslash = 28;
constexpr char kReportsLastLine[] =
    "wait-for:landlord's account -> tenant's account  # why it is safe\n";

// The program in a folder of its own, its standard input a terminal. The
// `lockcheck` in its $PATH is the one that was built.
class BankConsole : public ::testing::Test {
 protected:
  ~BankConsole() override { close(terminal_); }

  void Begin(const std::string& options = "") {
    int in = -1;
    ASSERT_EQ(openpty(&terminal_, &in, nullptr, nullptr, nullptr), 0);
    console_.In(folder_.path())
        .Environment("PATH",
                     std::filesystem::path(LOCKCHECK_COMMAND).parent_path())
        .Before([this, in] {
          close(terminal_);
          setsid();
          ioctl(in, TIOCSCTTY, 0);
          dup2(in, 0);
        });
    if (!options.empty()) console_.Options(options);
    console_.Start();
    close(in);
    AwaitSaid("ctrl-d to finish\n");
  }
  void Press(char key) { ASSERT_EQ(write(terminal_, &key, 1), 1); }
  void Type(const std::string& line) {
    for (const char letter : line + "\n") Press(letter);
  }
  // Types the line, and looks for the answer to it.
  void TypeAndAwait(const std::string& line, const std::string& answer) {
    Type(line);
    AwaitSaid(answer);
  }
  void AwaitSaid(const std::string& words) {
    Await(words, [this] { return console_.Said(); });
  }
  void AwaitSaidToError(const std::string& words) {
    Await(words, [this] { return console_.SaidToError(); });
  }

  // What `lockcheck status` says of the running program, when these words are
  // in it.
  std::string AwaitStatus(const std::string& words) {
    std::string said;
    Await(words, [&] {
      return said = tools::testing::RunCommand(
                        {"status", std::to_string(console_.pid())})
                        .out;
    });
    return said;
  }

  void EachLocksOne() {
    TypeAndAwait("rent", "rent has locked tenant's account");
    TypeAndAwait("refund", "refund has locked landlord's account");
  }
  void EachAsksForTheOthers() {
    TypeAndAwait("rent", "rent waits for landlord's account, locked by refund");
    // It says so before it waits; the other one is to come later.
    AwaitStatus("STATUS  1 standing wait");
    EXPECT_EQ(console_.SaidToError(), "");
    TypeAndAwait("refund", "refund waits for tenant's account, locked by rent");
  }
  void LockUp() {
    EachLocksOne();
    EachAsksForTheOthers();
    AwaitSaidToError(kReportsLastLine);
  }

  Folder folder_;
  Child console_{"bank_console"};

 private:
  template <typename Read>
  void Await(const std::string& words, Read read) {
    // The program's own time limit ends this.
    std::string said = read();
    while (said.find(words) == std::string::npos && !console_.HasEnded()) {
      sched_yield();
      said = read();
    }
    // What it said last may have come with its end.
    if (console_.HasEnded()) said = read();
    EXPECT_THAT(said, HasSubstr(words));
  }

  int terminal_ = -1;
};

TEST_F(BankConsole, WhatOnlyCouldHangIsSaidTheMomentTheSecondOrderIsSeen) {
  Begin();
  TypeAndAwait("rent", "rent has locked tenant's account");
  TypeAndAwait("rent", "rent has locked landlord's account");
  TypeAndAwait("rent", "rent has moved 90000 cents");
  TypeAndAwait("refund", "refund has locked landlord's account");
  EXPECT_EQ(console_.SaidToError(), "");
  TypeAndAwait("refund", "refund has locked tenant's account");
  AwaitSaidToError("came about now, in A3; the program goes on");
  EXPECT_THAT(console_.SaidToError(), HasSubstr("POSSIBLE DEADLOCK"));
  TypeAndAwait("refund", "refund has moved 4200 cents");
  Press(kCtrlD);
  const Finished f = console_.Wait();
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_THAT(f.out, HasSubstr("tenant 34200, landlord 85800 cents"));
  EXPECT_THAT(f.err, Not(HasSubstr("ACTUAL DEADLOCK")));
}

TEST_F(BankConsole, TheDeadlockIsReportedTheMomentItCloses) {
  Begin();
  LockUp();
  const std::string said = console_.SaidToError();
  EXPECT_THAT(said, HasSubstr("DEADLOCK: 2 threads wait for each other\n"
                              "[1] ACTUAL DEADLOCK  wait-for"));
  EXPECT_THAT(said, HasSubstr("A2 (rent) holds tenant's account"));
  EXPECT_THAT(said, HasSubstr("while A3 (refund) holds landlord's"));
  // The desk is not part of it, and there is no log.
  TypeAndAwait("rent", "rent still waits for landlord's account");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(BankConsole, TheEndOfTheInputHangsItToo) {
  Begin();
  EachLocksOne();
  Press(kCtrlD);
  AwaitSaidToError(kReportsLastLine);
  EXPECT_FALSE(console_.HasEnded());
}

TEST_F(BankConsole, AbortEndsItWithTheReport) {
  Begin("on_deadlock=abort");
  EachLocksOne();
  EachAsksForTheOthers();
  const Finished f = console_.Wait();
  EXPECT_EQ(f.signal(), SIGABRT) << f;
  EXPECT_THAT(f.err, HasSubstr("ACTUAL DEADLOCK"));
}

TEST_F(BankConsole, StallSaysOfAWaitThatIsNoDeadlockWhomItIsFor) {
  Begin("stall=1");
  EachLocksOne();
  TypeAndAwait("rent", "rent waits for landlord's account");
  AwaitSaidToError("nothing waited for (--all)\n");
  const std::string said = console_.SaidToError();
  EXPECT_THAT(said, HasSubstr("STALL: 1 thread has waited for 1 s or longer"));
  EXPECT_THAT(said, HasSubstr("held by A3 refund"));
  EXPECT_THAT(said, HasSubstr(", 0 stuck\n"));
  const std::string options = "LOCKCHECK_OPTIONS=stall=2 ";
  EXPECT_EQ(Unchanging(From(said, "STATUS")),
            Unchanging(From(Shown(options + "bank_console"), "STATUS")));
}

TEST_F(BankConsole, StatusSaysItFromAnotherTerminal) {
  Begin();
  LockUp();
  EXPECT_EQ(Unchanging(AwaitStatus("2 stuck\n")),
            Unchanging(Shown("lockcheck status $(pidof bank_console)")));
}

TEST_F(BankConsole, CtrlBackslashShowsWhoWaitsForWhomAndEndsIt) {
  Begin();
  LockUp();
  Press(kCtrlBackslash);
  const Finished f = console_.Wait();
  EXPECT_EQ(f.signal(), SIGQUIT) << f;
  const std::string said = From(f.err, "lockcheck: SIGQUIT: 2 threads wait\n");
  EXPECT_THAT(said, HasSubstr("A2 rent"));
  EXPECT_THAT(said, HasSubstr("A3 refund"));
  EXPECT_THAT(said, HasSubstr("STUCK"));
}

TEST_F(BankConsole, ItsReportsAreShownInTheReadmeAsTheyArePrinted) {
  Begin();
  LockUp();
  const std::string printed = console_.SaidToError();
  const std::string deadlock = "lockcheck: DEADLOCK";
  EXPECT_EQ(Unchanging(From(printed, deadlock)),
            Unchanging(From(Shown("bank_console", "Now let each lock one"),
                            deadlock)));
}

}  // namespace
}  // namespace lockcheck::samples::testing
