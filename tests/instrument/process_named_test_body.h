// The rules of process::shared by a name, for both variants.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_NAMED_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_NAMED_TEST_BODY_H_

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <deque>
#include <fstream>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "lockcheck/process.h"
#include "tests/instrument/process_children.h"
#include "tests/rounds.h"

// As in process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck {
namespace {

using process::create_only;
using process::open_only;
using process::open_or_create;
using testing::AwaitSleepOf;
using testing::ErrorOf;
using ::testing::HasSubstr;

struct Account {
  explicit Account(long first = 0) : balance(first) {}
  process::mutex lock{"lock"};
  long balance;
};

template <typename Act>
std::string Refusal(Act act) {
  try {
    act();
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "none";
}

class PROCESS_NAMED_TEST : public ::testing::Test {
 protected:
  PROCESS_NAMED_TEST() { Remove(); }
  ~PROCESS_NAMED_TEST() override { Remove(); }
  void Remove() { process::remove_shared(name()); }

  const char* name() const { return name_.c_str(); }
  std::string path() const { return "/dev/shm/lockcheck." + name_; }
  bool IsThere() const { return access(path().c_str(), F_OK) == 0; }

  const std::string name_ =
      "test." + std::to_string(getpid()) + "." +
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

// ---- Who makes it, who opens it ---------------------------------------------
TEST_F(PROCESS_NAMED_TEST, IsMadeByOneAndOpenedByOthers) {
  process::shared<Account> made(create_only, name(), 5);
  const process::shared<Account> opened(open_only, name());
  const process::shared<Account> found(open_or_create, name(), 6);
  EXPECT_NE(made.get(), opened.get());
  made->balance = 7;
  EXPECT_EQ(opened->balance, 7);
  EXPECT_EQ(found->balance, 7);
}

TEST_F(PROCESS_NAMED_TEST, OneThatIsNotThereCannotBeOpened) {
  EXPECT_EQ(ErrorOf([&] { process::shared<Account>(open_only, name()); }),
            std::errc::no_such_file_or_directory);
  EXPECT_FALSE(IsThere());
}

TEST_F(PROCESS_NAMED_TEST, OneThatIsThereCannotBeMade) {
  const process::shared<Account> made(create_only, name());
  EXPECT_EQ(ErrorOf([&] { process::shared<Account>(create_only, name()); }),
            std::errc::file_exists);
}

TEST_F(PROCESS_NAMED_TEST, APrimitiveHasTheNameAndThePlaceOfTheCall) {
  const process::shared<process::mutex> lock(open_or_create, name());
  const std::lock_guard held(*lock);
  const process::shared<process::mutex> same(open_only, name());
  process::child other([&] { return same->try_lock(); });
  other.join();
  EXPECT_EQ(other.exit_status(), 0);
}

TEST_F(PROCESS_NAMED_TEST, ItsLocksExcludeWhoeverOpenedIt) {
  constexpr int kRounds = 1'000;
  const auto count = [&] {
    const process::shared<Account> account(open_or_create, name());
    for (int i = 0; i < kRounds; ++i) {
      const std::lock_guard held(account->lock);
      ++account->balance;
    }
  };
  process::child one(count), two(count);
  count();
  one.join();
  two.join();
  EXPECT_EQ(process::shared<Account>(open_only, name())->balance, 3 * kRounds);
}

TEST_F(PROCESS_NAMED_TEST, IsItsUsersAlone) {
  const process::shared<Account> made(create_only, name());
  struct stat info;
  ASSERT_EQ(stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 077, 0u);
}

// ---- Another thing ----------------------------------------------------------
struct SameSize {
  alignas(Account) char bytes[sizeof(Account)];
};

TEST_F(PROCESS_NAMED_TEST, AnotherTypeIsRefusedInOneLine) {
  const process::shared<Account> made(create_only, name());
  const std::string refusal =
      Refusal([&] { process::shared<SameSize>(open_only, name()); });
  EXPECT_THAT(refusal, HasSubstr("lockcheck: process::shared \"" + name_));
  EXPECT_THAT(refusal, HasSubstr("it has "));
  EXPECT_THAT(refusal, HasSubstr("::Account of "));
  EXPECT_THAT(refusal, HasSubstr("::SameSize of "));
  EXPECT_EQ(refusal.find('\n'), refusal.npos);
}

TEST_F(PROCESS_NAMED_TEST, AnotherSizeIsRefused) {
  const process::shared<long> made(create_only, name(), 1L);
  EXPECT_THAT(Refusal([&] { process::shared<char>(open_or_create, name()); }),
              HasSubstr("it has long of 8 bytes, not char of 1 bytes"));
}

TEST_F(PROCESS_NAMED_TEST, AFileOfSomebodyElseIsRefusedAndLeftAlone) {
  std::ofstream(path()) << std::string(10'000, 'x');
  EXPECT_THAT(Refusal([&] { process::shared<long>(open_or_create, name()); }),
              HasSubstr("none of lockcheck's"));
  std::ofstream(path()) << "x";
  EXPECT_THAT(Refusal([&] { process::shared<long>(create_only, name()); }),
              HasSubstr("none of lockcheck's"));
  EXPECT_TRUE(IsThere());
}

TEST_F(PROCESS_NAMED_TEST, OneThatWasCutIsRefused) {
  { const process::shared<long> made(create_only, name(), 1L); }
  ASSERT_EQ(truncate(path().c_str(), 4096), 0);
  EXPECT_THAT(Refusal([&] { process::shared<long>(open_only, name()); }),
              HasSubstr("was cut"));
}

TEST_F(PROCESS_NAMED_TEST, ANameIsNoPath) {
  for (const std::string& bad :
       {std::string(), std::string("a/b"), std::string(201, 'n')}) {
    EXPECT_THAT(
        Refusal([&] { process::shared<long>(open_or_create, bad.c_str()); }),
        HasSubstr("1 to 200 bytes"));
  }
}

// ---- How long it is there ---------------------------------------------------
TEST_F(PROCESS_NAMED_TEST, StaysWhenAllHaveClosedIt) {
  { const process::shared<Account> made(open_or_create, name(), 5); }
  EXPECT_EQ(process::shared<Account>(open_or_create, name())->balance, 5);
}

TEST_F(PROCESS_NAMED_TEST, StaysWhenAllWereKilled) {
  process::child user([&] {
    const process::shared<Account> made(open_or_create, name(), 5);
    raise(SIGKILL);
  });
  user.join();
  EXPECT_EQ(process::shared<Account>(open_only, name())->balance, 5);
}

TEST_F(PROCESS_NAMED_TEST, WhoHasARemovedOneKeepsItAndWhoComesMakesANewOne) {
  process::shared<Account> old(create_only, name(), 5);
  EXPECT_TRUE(process::remove_shared(name()));
  EXPECT_FALSE(process::remove_shared(name()));
  const process::shared<Account> fresh(open_or_create, name(), 6);
  old->balance = 7;
  EXPECT_EQ(fresh->balance, 6);
  EXPECT_EQ(old->balance, 7);
}

struct Counted {
  explicit Counted(std::atomic<int>* alive) : alive(alive) { ++*alive; }
  ~Counted() { --*alive; }
  std::atomic<int>* alive;  // in memory that the process's children share
};

TEST_F(PROCESS_NAMED_TEST, ItsLastUserRemovesItIfThatIsAskedFor) {
  const process::shared<std::atomic<int>> alive(0);
  const auto open = [&] {
    return process::shared<Counted>(open_or_create, name(), alive.get());
  };
  { open(); }
  EXPECT_EQ(*alive, 1);  // nobody asked
  {
    auto one = open();
    one.remove_with_last_user();
    {
      auto two = open();
      const auto moved = std::move(one);
    }
    EXPECT_FALSE(IsThere());
    EXPECT_EQ(*alive, 0);
  }
  {
    auto one = open();
    one.remove_with_last_user();
    { const auto two = open(); }
    EXPECT_TRUE(IsThere());
    EXPECT_EQ(*alive, 1);
  }
  EXPECT_FALSE(IsThere());
  EXPECT_EQ(*alive, 0);
}

TEST_F(PROCESS_NAMED_TEST, WhoWasKilledIsNoUserAnyMore) {
  auto one = process::shared<Account>(open_or_create, name());
  one.remove_with_last_user();
  process::child other([&] {
    const process::shared<Account> opened(open_only, name());
    raise(SIGKILL);
  });
  other.join();
  { const auto closed = std::move(one); }
  EXPECT_FALSE(IsThere());
}

TEST_F(PROCESS_NAMED_TEST, AForkedChildIsItsParentsGuest) {
  auto mine = process::shared<Account>(open_or_create, name(), 5);
  mine.remove_with_last_user();
  // It closes its copy, and the parent is a user still.
  process::child guest([&] {
    { const auto copy = std::move(mine); }
    const process::shared<Account> own(open_only, name());
    own->balance = 6;
  });
  guest.join();
  EXPECT_EQ(guest.exit_status(), 0);
  EXPECT_TRUE(IsThere());
  EXPECT_EQ(mine->balance, 6);
}

TEST_F(PROCESS_NAMED_TEST, AProgramMayCloseAllItsFiles) {
  process::child daemon([&] {
    {
      auto mine = process::shared<Account>(open_or_create, name(), 5);
      mine.remove_with_last_user();
      for (int fd = 3; fd < 100; ++fd) close(fd);
      for (int fd = 3; fd < 100; ++fd) open("/dev/null", O_RDONLY);
      mine->balance = 6;
    }
    for (int fd = 3; fd < 100; ++fd) {
      if (fcntl(fd, F_GETFD) < 0) return 1;
    }
    return 0;
  });
  daemon.join();
  EXPECT_EQ(daemon.exit_status(), 0);
  EXPECT_EQ(process::shared<Account>(open_only, name())->balance, 6);
}

// ---- While it is made -------------------------------------------------------
// Made of two halves, which are equal when it is finished.
template <typename Between>
struct Halves {
  explicit Halves(Between between) : one(1) {
    between();
    other = 1;
  }
  std::atomic<int> one, other{0};
};
template <typename Between>
using SharedHalves = process::shared<Halves<Between>>;

TEST_F(PROCESS_NAMED_TEST, OneWhoseMakingThrowsIsNotThere) {
  const auto fails = [] { throw std::runtime_error("on purpose"); };
  EXPECT_THROW(SharedHalves<decltype(fails)>(open_or_create, name(), fails),
               std::runtime_error);
  EXPECT_FALSE(IsThere());
}

TEST_F(PROCESS_NAMED_TEST, WhoOpensItWaitsUntilItIsFinished) {
  const process::shared<std::atomic<int>> step(0);
  const auto slowly = [&] {
    *step = 1;
    while (*step == 1) sched_yield();
  };
  using Shared = SharedHalves<decltype(slowly)>;
  process::child maker([&] { Shared(open_or_create, name(), slowly); });
  while (*step == 0) sched_yield();
  process::child opener([&] {
    const Shared opened(open_only, name());
    return opened->other.load();
  });
  AwaitSleepOf(opener);
  *step = 2;
  opener.join();
  EXPECT_EQ(opener.exit_status(), 1);
}

TEST_F(PROCESS_NAMED_TEST, OneWhoseMakerDiedOverItIsTakenByTheNext) {
  const process::shared<std::atomic<bool>> dies(true);
  const auto may_die = [&] {
    if (*dies) raise(SIGKILL);
  };
  using Shared = SharedHalves<decltype(may_die)>;
  for (const bool only_create : {false, true}) {
    *dies = true;
    process::child maker([&] { Shared(open_or_create, name(), may_die); });
    maker.join();
    ASSERT_EQ(maker.exit_status(), -SIGKILL);
    EXPECT_TRUE(IsThere());
    EXPECT_EQ(ErrorOf([&] { Shared(open_only, name()); }),
              std::errc::no_such_file_or_directory);
    *dies = false;
    const Shared next = only_create ? Shared(create_only, name(), may_die)
                                    : Shared(open_or_create, name(), may_die);
    EXPECT_EQ(next->other, 1);
    Remove();
  }
}

TEST_F(PROCESS_NAMED_TEST, OfThoseWhoComeAtOnceOneMakesIt) {
  for (int round = tests::Rounds(20); round > 0; --round) {
    const process::shared<std::atomic<int>> made(0), there(0);
    const auto count = [&] { ++*made; };
    std::deque<process::child> all;
    for (int i = 0; i < 4; ++i) {
      all.emplace_back([&] {
        ++*there;
        while (*there < 4) sched_yield();
        const SharedHalves<decltype(count)> mine(open_or_create, name(), count);
        return mine->other.load();
      });
    }
    for (process::child& child : all) {
      child.join();
      EXPECT_EQ(child.exit_status(), 1);
    }
    EXPECT_EQ(*made, 1);
    Remove();
  }
}

// Makers, users, last users and removers that are killed at any moment.
TEST_F(PROCESS_NAMED_TEST, IsNeverSeenHalfMadeWhoeverIsKilled) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto slowly = [] {
    for (int i = 0; i < 20'000; ++i) asm volatile("" ::: "memory");
  };
  using Shared = SharedHalves<decltype(slowly)>;
  const process::shared<std::atomic<int>> half_made(0), rounds(0);
  const auto work = [&](bool removes) {
    while (true) {
      Shared mine(open_or_create, name(), slowly);
      if (mine->other != 1) ++*half_made;
      mine.remove_with_last_user(removes);
      ++*rounds;
    }
  };
  std::vector<process::child> all;
  for (int i = 0; i < 3; ++i) all.emplace_back(work, i != 0);
  for (int i = tests::Rounds(60); i > 0; --i) {
    const int until = *rounds + static_cast<int>(random() % 20);
    while (*rounds < until) {
    }
    for (uint32_t turns = random() % 50'000; turns > 0; --turns) {
      asm volatile("" ::: "memory");
    }
    const size_t victim = random() % all.size();
    all[victim].kill();
    all[victim].join();
    ASSERT_EQ(all[victim].exit_status(), -SIGKILL);
    all[victim] = process::child(work, victim != 0);
  }
  for (process::child& child : all) child.kill();
  for (process::child& child : all) child.join();
  EXPECT_EQ(*half_made, 0);
  EXPECT_EQ(Shared(open_or_create, name(), slowly)->other, 1);
}

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_NAMED_TEST_BODY_H_
