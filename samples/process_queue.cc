// A waiter hands orders to the cook, who is another process, by a board that
// has room for one of them, and does so while he has the till. The cook looks
// into the till before he takes the next order. By luck he has always taken the
// last one when the waiter comes. With --fixed the waiter closes the till
// first.
#include <sched.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>

#include "lockcheck/lockcheck.h"
#include "lockcheck/process.h"

// In memory that the processes share.
struct Till {
  lockcheck::process::mutex lock{"till"};
  long money = 0;
  std::atomic<int> served = 0;
};

using Board = lockcheck::process::queue<std::string>;

static void Order(Till& till, Board& board, const std::string& dish) {
  const lockcheck::lock_guard open(till.lock);
  till.money += static_cast<long>(dish.size());
  board.put(dish);
}

static void OrderFixed(Till& till, Board& board, const std::string& dish) {
  {
    const lockcheck::lock_guard open(till.lock);
    till.money += static_cast<long>(dish.size());
  }
  board.put(dish);
}

static int Cook(Till& till, Board& board) {
  lockcheck::this_thread::set_name("cook");
  try {
    while (true) {
      {
        const lockcheck::lock_guard open(till.lock);
        if (till.money < 0) return 1;
      }
      const std::string dish = board.get();
      std::printf("%s\n", dish.c_str());
      board.task_done();
      ++till.served;
    }
  } catch (const lockcheck::queue_closed&) {
    return 0;
  }
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::process::shared<Till> till;
  Board board(1, "board");
  lockcheck::process::child cook([&] { return Cook(*till, board); });
  lockcheck::this_thread::set_name("waiter");
  const auto order = fixed ? OrderFixed : Order;
  int ordered = 0;
  for (const char* const dish : {"soup", "fish", "cake"}) {
    order(*till, board, dish);
    // The luck; nothing that is recorded.
    while (till->served <= ordered) sched_yield();
    ++ordered;
  }
  board.join();
  board.close();
  cook.join();
  return cook.exit_status().value_or(1);
}
