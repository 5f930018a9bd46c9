// Two processes move money between the same two accounts, in both directions,
// and each locks the account that it takes from first. By luck the second one
// comes when the first one is done. With --fixed both lock in one order.
#include <sched.h>

#include <atomic>
#include <cstdio>
#include <cstring>

#include "lockcheck/lockcheck.h"
#include "lockcheck/process.h"

struct Account {
  explicit Account(const char* name) : lock(name) {}
  lockcheck::process::mutex lock;
  long balance = 100;
};

// In memory that the processes share.
struct Bank {
  Account checking{"checking"}, savings{"savings"};
  std::atomic<bool> done = false;
};

static void Transfer(Account& from, Account& to, long amount) {
  const lockcheck::lock_guard take(from.lock);
  const lockcheck::lock_guard give(to.lock);
  from.balance -= amount;
  to.balance += amount;
}

static void TransferInOrder(Account& from, Account& to, long amount) {
  const bool forward = &from < &to;
  const lockcheck::lock_guard first(forward ? from.lock : to.lock);
  const lockcheck::lock_guard second(forward ? to.lock : from.lock);
  from.balance -= amount;
  to.balance += amount;
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  const auto transfer = fixed ? TransferInOrder : Transfer;
  lockcheck::process::shared<Bank> bank;
  lockcheck::process::child save([&] {
    lockcheck::this_thread::set_name("save");
    transfer(bank->checking, bank->savings, 30);
    bank->done = true;
  });
  lockcheck::process::child spend([&] {
    lockcheck::this_thread::set_name("spend");
    while (!bank->done) sched_yield();  // the luck; nothing that is recorded
    transfer(bank->savings, bank->checking, 10);
  });
  save.join();
  spend.join();
  std::printf("checking %ld, savings %ld\n", bank->checking.balance,
              bank->savings.balance);
}
