// A method calls another one of the same object under the same lock. With a
// recursive_mutex that is one acquisition in the log, however deep; with
// --plain it is a mutex, and the thread waits for itself.
#include <cstdio>
#include <cstring>

#include "lockcheck/lockcheck.h"

template <typename Mutex>
class Account {
 public:
  void Deposit(int cents) {
    lockcheck::lock_guard guard(mutex_);
    savings_ += cents;
  }
  void Transfer(int cents) {
    lockcheck::lock_guard guard(mutex_);
    current_ -= cents;
    Deposit(cents);
  }
  void Print() {
    lockcheck::lock_guard guard(mutex_);
    std::printf("current %d, savings %d cents\n", current_, savings_);
  }

 private:
  Mutex mutex_{"account"};
  int current_ = 1000;
  int savings_ = 0;
};

template <typename Mutex>
static void Save() {
  Account<Mutex> account;
  for (int i = 0; i < 3; ++i) account.Transfer(100);
  account.Print();
}

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--plain") == 0) {
    Save<lockcheck::mutex>();
  } else {
    Save<lockcheck::recursive_mutex>();
  }
}
