// Two coroutines of one thread move money between two accounts. Each locks the
// account that it takes from, writes that to the journal, for which it is
// suspended, and then locks the other one: each has what the other awaits, and
// nobody is left who could go on. No thread sleeps, so the program ends, and
// the money is not moved. With --fixed both lock the accounts in one order.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/coroutine/mutex.h"
#include "lockcheck/coroutine/task.h"

namespace coroutine = lockcheck::coroutine;

struct Account {
  coroutine::mutex lock;
  int balance = 100;
};
static Account savings{coroutine::mutex("savings")};
static Account current{coroutine::mutex("current")};

// Stands for a write that takes a while.
static coroutine::task<> WriteJournal() {
  co_await coroutine::sleep_for(std::chrono::milliseconds(1));
}

static coroutine::task<> Transfer(Account& from, Account& to, int amount) {
  const auto first = co_await from.lock.scoped_lock();
  co_await WriteJournal();
  const auto second = co_await to.lock.scoped_lock();
  from.balance -= amount;
  to.balance += amount;
}

static coroutine::task<> TransferInOrder(Account& from, Account& to,
                                         int amount) {
  const bool in_order = &from == &savings;
  const auto first = co_await (in_order ? from : to).lock.scoped_lock();
  co_await WriteJournal();
  const auto second = co_await (in_order ? to : from).lock.scoped_lock();
  from.balance -= amount;
  to.balance += amount;
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  const auto transfer = fixed ? TransferInOrder : Transfer;
  coroutine::context context;
  context.spawn(transfer(savings, current, 10), "rent");
  context.spawn(transfer(current, savings, 30), "saving");
  const size_t left = context.run();
  std::printf("savings %d, current %d, %zu left\n", savings.balance,
              current.balance, left);
}
