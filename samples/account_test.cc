// A test that fails for a deadlock which does not happen in it, and the twin
// that passes. Nothing in them is about deadlocks: they move money and look at
// what is there. lockcheck::gtest_main judges the locks.
//
// Both transfers of a test have a thread of their own, as in the bank, but the
// second waits until the first is done: such a test passes for years, and the
// bank hangs on the day when both begin together.
#include <gtest/gtest.h>
#include <lockcheck/gtest.h>

struct Account {
  int cents;
  lockcheck::mutex mutex;
};

static void LockOneByOne(Account& from, Account& to, int cents) {
  lockcheck::lock_guard payer(from.mutex);
  lockcheck::lock_guard receiver(to.mutex);
  from.cents -= cents;
  to.cents += cents;
}

static void LockBothAtOnce(Account& from, Account& to, int cents) {
  lockcheck::scoped_lock both(from.mutex, to.mutex);
  from.cents -= cents;
  to.cents += cents;
}

class Transfer : public testing::Test {
 protected:
  using How = void (*)(Account& from, Account& to, int cents);

  void InBothDirections(How transfer) {
    lockcheck::thread rent(&Transfer::PayRent, this, transfer);
    lockcheck::thread heating(&Transfer::RefundHeating, this, transfer);
    rent.join();
    heating.join();
  }

 private:
  void PayRent(How transfer) {
    transfer(tenant_, landlord_, 90'000);
    EXPECT_EQ(tenant_.cents, 30'000);
    lockcheck::lock_guard guard(books_);
    rent_is_paid_ = true;
    booked_.notify_one();
  }

  void RefundHeating(How transfer) {
    lockcheck::unique_lock guard(books_);
    booked_.wait(guard, [this] { return rent_is_paid_; });
    guard.unlock();
    transfer(landlord_, tenant_, 4'200);
    EXPECT_EQ(tenant_.cents, 34'200);
  }

  Account tenant_{120'000, lockcheck::mutex("tenant's account")};
  Account landlord_{0, lockcheck::mutex("landlord's account")};

  lockcheck::mutex books_{"books"};
  lockcheck::condition_variable booked_{"booked"};
  bool rent_is_paid_ = false;
};

TEST_F(Transfer, LocksOneByOne) { InBothDirections(LockOneByOne); }

TEST_F(Transfer, LocksBothAtOnce) { InBothDirections(LockBothAtOnce); }
