// A bank transfer locks two accounts. Two transfers in opposite directions lock
// them in opposite order, the oldest deadlock there is.
//
//   bank_transfer            locks the payer's account, then the receiver's
//   bank_transfer --fixed    locks both with scoped_lock, which has no order
//
// The second transfer starts when the first is done (a std::latch sees to it),
// so the program always ends; what is wrong is in the log all the same.
#include <cstdio>
#include <cstring>
#include <latch>

#include "lockcheck/lockcheck.h"

struct Account {
  lockcheck::mutex mutex;
  int cents;
};

static Account tenant{lockcheck::mutex("tenant's account"), 120'000};
static Account landlord{lockcheck::mutex("landlord's account"), 0};

static bool fixed = false;
static std::latch rent_is_paid(1);

static void Move(Account& from, Account& to, int cents) {
  from.cents -= cents;
  to.cents += cents;
}

static void PayRent() {
  if (fixed) {
    lockcheck::scoped_lock both(tenant.mutex, landlord.mutex);
    Move(tenant, landlord, 90'000);
  } else {
    lockcheck::lock_guard payer(tenant.mutex);
    lockcheck::lock_guard receiver(landlord.mutex);
    Move(tenant, landlord, 90'000);
  }
  rent_is_paid.count_down();
}

static void RefundHeating() {
  rent_is_paid.wait();
  if (fixed) {
    lockcheck::scoped_lock both(landlord.mutex, tenant.mutex);
    Move(landlord, tenant, 4'200);
  } else {
    lockcheck::lock_guard payer(landlord.mutex);
    lockcheck::lock_guard receiver(tenant.mutex);
    Move(landlord, tenant, 4'200);
  }
}

int main(int argc, char** argv) {
  fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread rent(PayRent);
  lockcheck::thread heating(RefundHeating);
  rent.join();
  heating.join();
  std::printf("tenant %d, landlord %d cents\n", tenant.cents, landlord.cents);
}
