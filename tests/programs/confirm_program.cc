// Cycles of locks, into which threads get only by luck.
//   confirm_program STORY [in-turn]
// in-turn: the threads come one after the other, by what lockcheck does not
// see, so that what is recorded ends. Without it nothing orders them but in
// the stories `flag` and `half`, where something always does.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "lockcheck/lockcheck.h"

namespace {

using lockcheck::lock_guard;

bool in_turn = false;

// Each waits for the one before it to be over, if they come in turn.
class Turns {
 public:
  explicit Turns(bool ordered) : ordered_(ordered) {}
  void Await(int turn) {
    if (!ordered_) return;
    for (int now; (now = turn_.load()) != turn;) turn_.wait(now);
  }
  void End() {
    ++turn_;
    turn_.notify_all();
  }

 private:
  const bool ordered_;
  std::atomic<int> turn_{0};
};

void InThreads(const std::vector<std::function<void()>>& acts, bool ordered) {
  Turns turns(ordered);
  std::vector<lockcheck::thread> threads;
  for (size_t i = 0; i < acts.size(); ++i) {
    threads.emplace_back([&, i] {
      turns.Await(static_cast<int>(i));
      acts[i]();
      turns.End();
    });
  }
  for (lockcheck::thread& t : threads) t.join();
}

void Abba(bool ordered) {
  lockcheck::mutex a("a"), b("b");
  InThreads({[&] {
               const lock_guard first(a);
               const lock_guard second(b);
             },
             [&] {
               const lock_guard first(b);
               const lock_guard second(a);
             }},
            ordered);
}

// The second thread needs `a` alone, before it gets to the cycle.
void Busy() {
  lockcheck::mutex a("a"), b("b");
  InThreads({[&] {
               const lock_guard first(a);
               const lock_guard second(b);
             },
             [&] {
               for (int i = 0; i < 3; ++i) const lock_guard alone(a);
               const lock_guard first(b);
               const lock_guard second(a);
             }},
            in_turn);
}

// All take their forks in the same two lines.
void Philosophers(size_t n) {
  std::vector<lockcheck::mutex> forks(n);
  std::vector<std::function<void()>> acts;
  for (size_t i = 0; i < n; ++i) {
    acts.push_back([&forks, i, n] {
      const lock_guard left(forks[i]);
      const lock_guard right(forks[(i + 1) % n]);
    });
  }
  InThreads(acts, in_turn);
}

void Readers() {
  lockcheck::shared_mutex a("a"), b("b");
  InThreads({[&] {
               const lockcheck::shared_lock first(a);
               const lock_guard second(b);
             },
             [&] {
               const lock_guard first(b);
               const lock_guard second(a);
             }},
            in_turn);
}

// Main joins a thread with the lock that this one takes last.
void Join() {
  lockcheck::mutex a("a");
  std::atomic<bool> is_over{false};
  lockcheck::thread t([&] {
    { const lock_guard last(a); }
    is_over = true;
    is_over.notify_all();
  });
  if (in_turn) is_over.wait(false);
  const lock_guard held(a);
  t.join();
}

// Both take the lock in one line.
void JoinInOnePlace() {
  lockcheck::mutex a("a");
  std::atomic<bool> is_over{false};
  const auto with_lock = [&](const std::function<void()>& act) {
    const lock_guard held(a);
    act();
  };
  lockcheck::thread t([&] {
    with_lock([] {});
    is_over = true;
    is_over.notify_all();
  });
  if (in_turn) is_over.wait(false);
  with_lock([&] { t.join(); });
}

// The first thread keeps the gate all the while, the second comes through it.
void Gate() {
  lockcheck::mutex gate("gate"), a("a"), b("b");
  InThreads({[&] {
               const lock_guard outside(gate);
               const lock_guard first(a);
               const lock_guard second(b);
             },
             [&] {
               { const lock_guard through(gate); }
               const lock_guard first(b);
               const lock_guard second(a);
             }},
            in_turn);
}

// Main waits for a task with the lock that this one takes.
void TaskUnderLock() {
  lockcheck::mutex a("a");
  lockcheck::thread_pool pool(1, "pool");
  std::atomic<bool> is_over{false};
  auto task = pool.submit([&] {
    { const lock_guard last(a); }
    is_over = true;
    is_over.notify_all();
  });
  if (in_turn) is_over.wait(false);
  const lock_guard held(a);
  task.get();
}

// The second thread takes the other way only if it is asked to.
void Fork(bool other_way) {
  lockcheck::mutex a("a"), b("b");
  InThreads({[&] {
               const lock_guard first(a);
               const lock_guard second(b);
             },
             [&] {
               if (!other_way) return;
               const lock_guard first(b);
               const lock_guard second(a);
             }},
            in_turn);
}

// The second thread goes on whether it has waited for the first one or not.
void GoesOnAnyway() {
  lockcheck::mutex a("a"), b("b");
  lockcheck::event over("over");
  InThreads({[&] {
               {
                 const lock_guard first(a);
                 const lock_guard second(b);
               }
               over.set();
             },
             [&] {
               over.wait_for(std::chrono::milliseconds(1));
               const lock_guard first(b);
               const lock_guard second(a);
             }},
            in_turn);
}

// Says who it is, and does not end.
void Stays() {
  lockcheck::mutex a("a");
  const lock_guard held(a);
  std::printf("%d\n", getpid());
  std::fflush(stdout);
  for (;;) pause();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string story = argc > 1 ? argv[1] : "";
  in_turn = argc > 2 && std::strcmp(argv[2], "in-turn") == 0;
  if (story == "abba") Abba(in_turn);
  if (story == "busy") Busy();
  if (story == "philosophers") Philosophers(3);
  if (story == "readers") Readers();
  if (story == "join") Join();
  if (story == "join-in-one-place") JoinInOnePlace();
  if (story == "gate") Gate();
  if (story == "task") TaskUnderLock();
  if (story == "goes-on-anyway") GoesOnAnyway();
  if (story == "stays") Stays();
  if (story == "flag") Abba(true);
  if (story == "both-ways") Fork(true);
  if (story == "one-way") Fork(false);
  std::puts("done");
}
