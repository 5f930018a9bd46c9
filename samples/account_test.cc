// A test that fails for a deadlock which does not happen in it, and the twin
// that passes. Nothing in the tests is about deadlocks: they move money and
// look at what is there. lockcheck::gtest_main judges the locks.
//
// The two tellers of a test work at one time, as in the bank, but the first is
// done before the second begins: such a test passes for years, and the program
// hangs on the day that both begin together.
#include <gtest/gtest.h>
#include <lockcheck/gtest.h>

namespace {

struct Account {
  int cents;
  lockcheck::mutex mutex;
};

void Move(Account& from, Account& to, int cents) {
  from.cents -= cents;
  to.cents += cents;
}

void LockOneByOne(Account& from, Account& to, int cents) {
  lockcheck::lock_guard payer(from.mutex);
  lockcheck::lock_guard receiver(to.mutex);
  Move(from, to, cents);
}

void LockBothAtOnce(Account& from, Account& to, int cents) {
  lockcheck::scoped_lock both(from.mutex, to.mutex);
  Move(from, to, cents);
}

// Says to the teller who waits for it that the other one is done.
class Signal {
 public:
  void Give() {
    lockcheck::lock_guard guard(mutex_);
    given_ = true;
    changed_.notify_one();
  }
  void Await() {
    lockcheck::unique_lock guard(mutex_);
    changed_.wait(guard, [&] { return given_; });
  }

 private:
  lockcheck::mutex mutex_{"signal"};
  lockcheck::condition_variable changed_{"signal given"};
  bool given_ = false;
};

class Transfer : public ::testing::Test {
 protected:
  using How = void (*)(Account& from, Account& to, int cents);

  void PayRentAndRefundHeating(How transfer) {
    Signal rent_is_paid;
    lockcheck::thread rent([&] {
      transfer(tenant_, landlord_, 90'000);
      rent_is_paid.Give();
    });
    lockcheck::thread heating([&] {
      rent_is_paid.Await();
      transfer(landlord_, tenant_, 4'200);
    });
    rent.join();
    heating.join();
    EXPECT_EQ(tenant_.cents, 34'200);
    EXPECT_EQ(landlord_.cents, 85'800);
  }

  Account tenant_{120'000, lockcheck::mutex("tenant's account")};
  Account landlord_{0, lockcheck::mutex("landlord's account")};
};

TEST_F(Transfer, LocksOneByOne) { PayRentAndRefundHeating(LockOneByOne); }

TEST_F(Transfer, LocksBothAtOnce) { PayRentAndRefundHeating(LockBothAtOnce); }

}  // namespace
