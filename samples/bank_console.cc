// A bank to be run by hand. Two standing orders go in opposite directions, each
// in a thread of its own, and each takes a step only when it is told to: it
// locks the payer's account, locks the receiver's, moves the money. One line on
// the standard input is one step:
//
//   rent      the rent, from the tenant to the landlord
//   refund    the refund, from the landlord to the tenant
//
// "rent, refund, rent, refund" is the deadlock; three steps of the one and then
// three of the other are not, and yet lockcheck says what could have been. The
// end of the input (ctrl-d) lets both finish what they have begun.
//
// The desk at which the orders are given is made of std's types, which
// lockcheck does not see: to it, nothing stands between the two threads.
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <string>

#include "lockcheck/lockcheck.h"

struct Transfer;

struct Account {
  const char* name;
  int cents;
  lockcheck::mutex mutex{name};
  const Transfer* locked_by = nullptr;  // as far as the desk knows
};

struct Transfer {
  const char* name;
  Account& payer;
  Account& receiver;
  int cents;
  int steps_told = 0;
  int steps_done = 0;
  const Account* asks_for = nullptr;

  bool Waits() const { return asks_for != nullptr && asks_for->locked_by; }
};

static Account tenant{"tenant's account", 120'000};
static Account landlord{"landlord's account", 0};
static Transfer rent{"rent", tenant, landlord, 90'000};
static Transfer refund{"refund", landlord, tenant, 4'200};

// The desk: what stands above, but for the mutexes and the money, is read and
// written under this lock.
static std::mutex desk;
static std::condition_variable news;
static bool closing = false;

// False if no further step is to come.
static bool MayGoOn(const Transfer& transfer) {
  std::unique_lock guard(desk);
  news.wait(guard, [&] {
    return closing || transfer.steps_told > transfer.steps_done;
  });
  return !closing || transfer.steps_told > transfer.steps_done;
}

static void AsksFor(Transfer& transfer, const Account& account) {
  const std::lock_guard guard(desk);
  transfer.asks_for = &account;
  if (transfer.Waits()) {
    std::printf("%s waits for %s, locked by %s\n", transfer.name, account.name,
                account.locked_by->name);
  }
  news.notify_all();
}

static void HasLocked(Transfer& transfer, Account& account) {
  const std::lock_guard guard(desk);
  std::printf("%s has locked %s\n", transfer.name, account.name);
  transfer.asks_for = nullptr;
  account.locked_by = &transfer;
  ++transfer.steps_done;
  news.notify_all();
}

static void HasMoved(Transfer& transfer) {
  const std::lock_guard guard(desk);
  std::printf("%s has moved %d cents\n", transfer.name, transfer.cents);
  transfer.payer.locked_by = transfer.receiver.locked_by = nullptr;
  ++transfer.steps_done;
  news.notify_all();
}

static void Move(Transfer& transfer) {
  AsksFor(transfer, transfer.payer);
  lockcheck::lock_guard payer(transfer.payer.mutex);
  HasLocked(transfer, transfer.payer);

  MayGoOn(transfer);
  AsksFor(transfer, transfer.receiver);
  lockcheck::lock_guard receiver(transfer.receiver.mutex);
  HasLocked(transfer, transfer.receiver);

  MayGoOn(transfer);
  transfer.payer.cents -= transfer.cents;
  transfer.receiver.cents += transfer.cents;
  HasMoved(transfer);
}

static void Carry(Transfer& transfer) {
  lockcheck::this_thread::set_name(transfer.name);
  while (MayGoOn(transfer)) Move(transfer);
}

// Returns when each transfer has done what it was told, or waits for the other.
static void Tell(Transfer& transfer) {
  std::unique_lock guard(desk);
  if (transfer.Waits()) {
    std::printf("%s still waits for %s\n", transfer.name,
                transfer.asks_for->name);
    return;
  }
  ++transfer.steps_told;
  news.notify_all();
  news.wait(guard, [] {
    for (const Transfer* each : {&rent, &refund}) {
      if (each->steps_told > each->steps_done && !each->Waits()) return false;
    }
    return true;
  });
}

static void Close() {
  const std::lock_guard guard(desk);
  closing = true;
  news.notify_all();
}

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::printf("rent or refund, for one step; ctrl-d to finish\n");
  lockcheck::thread pays(Carry, std::ref(rent));
  lockcheck::thread pays_back(Carry, std::ref(refund));
  for (std::string line; std::getline(std::cin, line);) {
    if (line == rent.name) {
      Tell(rent);
    } else if (line == refund.name) {
      Tell(refund);
    } else {
      std::printf("rent or refund, not \"%s\"\n", line.c_str());
    }
  }
  Close();
  pays.join();
  pays_back.join();
  std::printf("tenant %d, landlord %d cents\n", tenant.cents, landlord.cents);
}
