// Two locks in both orders, and no deadlock: a flag keeps them apart. The shop
// closes, with both locks, and says so; only then the books are balanced, which
// takes them the other way round. Since the flag is a lockcheck::atomic, the
// log says which write each read of it saw, and the deadlock is refuted.
//
// --unseen: the flag is a std::atomic, of which lockcheck knows nothing. Then
// the same deadlock is confirmed, for all that lockcheck has seen.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <thread>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex till("till");
static lockcheck::mutex ledger("ledger");
static int cash = 120;
static int booked = 0;

static bool is_unseen = false;
static lockcheck::atomic<bool> closed(false, "closed");
static std::atomic<bool> unseen_closed(false);

static bool IsClosed() { return is_unseen ? unseen_closed : closed; }

static void CloseShop() {
  {
    lockcheck::lock_guard first(till);
    lockcheck::lock_guard second(ledger);
    booked += cash;
  }
  if (is_unseen) {
    unseen_closed = true;
  } else {
    closed = true;
  }
}

static void BalanceBooks() {
  while (!IsClosed()) std::this_thread::yield();
  lockcheck::lock_guard first(ledger);
  lockcheck::lock_guard second(till);
  std::printf("%d booked, %d in the till\n", booked, cash);
}

int main(int argc, char** argv) {
  is_unseen = argc > 1 && std::strcmp(argv[1], "--unseen") == 0;
  lockcheck::thread shop(CloseShop);
  lockcheck::thread office(BalanceBooks);
  shop.join();
  office.join();
}
