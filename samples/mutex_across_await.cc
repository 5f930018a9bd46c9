// Two coroutines of one thread book payments under a mutex of threads, and one
// is suspended while it has the mutex. By luck the other comes before it; with
// --hang it comes while the first is suspended: it keeps the only thread that
// could resume who has the mutex, for ever. With --fixed the mutex is one of
// coroutines, for which no thread sleeps.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/coroutine/mutex.h"
#include "lockcheck/coroutine/task.h"
#include "lockcheck/mutex.h"

namespace coroutine = lockcheck::coroutine;

static lockcheck::mutex books("books");
static coroutine::mutex open_books("books");
static int balance = 100;

// Stands for a bank that answers after a while.
static coroutine::task<> AskBank() {
  co_await coroutine::sleep_for(std::chrono::milliseconds(1));
}

static coroutine::task<> Pay(int amount) {
  const std::lock_guard guard(books);
  balance -= amount;
  co_return;
}

static coroutine::task<> Collect(int amount) {
  const std::lock_guard guard(books);
  co_await AskBank();
  balance += amount;
}

static coroutine::task<> PayFixed(int amount) {
  const auto guard = co_await open_books.scoped_lock();
  balance -= amount;
}

static coroutine::task<> CollectFixed(int amount) {
  const auto guard = co_await open_books.scoped_lock();
  co_await AskBank();
  balance += amount;
}

int main(int argc, char** argv) {
  const char* const how = argc > 1 ? argv[1] : "";
  const bool fixed = std::strcmp(how, "--fixed") == 0;
  const auto pay = fixed ? PayFixed : Pay;
  const auto collect = fixed ? CollectFixed : Collect;
  coroutine::context context;
  if (std::strcmp(how, "--hang") == 0) {
    context.spawn(collect(30), "collect");
    context.spawn(pay(10), "pay");
  } else {
    context.spawn(pay(10), "pay");
    context.spawn(collect(30), "collect");
  }
  context.run();
  std::printf("balance %d\n", balance);
}
