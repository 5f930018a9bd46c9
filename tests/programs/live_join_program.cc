// Joins under a lock that the joined thread takes, or that somebody waits for
// whom it waits for; and the same where nobody can wait for the other. Threads
// meet at latches that lockcheck does not see.
//   live_join_program SCENARIO [N]
#include <cstdlib>
#include <deque>
#include <functional>
#include <latch>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>

#include "lockcheck/lockcheck.h"

namespace {

lockcheck::mutex g_a("a"), g_b("b"), g_c("c");
lockcheck::shared_mutex g_x("x");

template <typename Lock>
void Take(Lock& lock) {
  std::lock_guard taken(lock);
}

void Read(lockcheck::shared_mutex& lock) { std::shared_lock read(lock); }

void Nested(lockcheck::mutex& first, lockcheck::mutex& second) {
  std::lock_guard outer(first);
  std::lock_guard inner(second);
}

// A thread that lives until it is let go, and has acted when this returns.
class Acted {
 public:
  explicit Acted(std::function<void()> act)
      : thread_([this, act = std::move(act)] {
          act();
          done_.count_down();
          end_.wait();
        }) {
    done_.wait();
  }
  lockcheck::thread& thread() { return thread_; }
  void LetGo() { end_.count_down(); }
  void Join() {
    LetGo();
    thread_.join();
  }

 private:
  std::latch done_{1}, end_{1};
  lockcheck::thread thread_;
};

[[gnu::noinline]] void JoinUnder(lockcheck::mutex& lock, Acted& thread) {
  std::lock_guard held(lock);
  thread.Join();
}

void JoinsUnder(lockcheck::mutex& lock, const std::function<void()>& act) {
  Acted thread(act);
  JoinUnder(lock, thread);
}

// The joined thread has waited for b, which another one held when it wanted a.
void ThroughAnother() {
  Acted thread([] { Take(g_b); });
  Acted other([] { Nested(g_b, g_a); });
  JoinUnder(g_a, thread);
  other.Join();
}

// The same, but the other one comes when the join is over.
void ThroughAnotherLater() {
  std::latch joined(1);
  Acted thread([] { Take(g_b); });
  lockcheck::thread other([&] {
    joined.wait();
    Nested(g_b, g_a);
  });
  JoinUnder(g_a, thread);
  joined.count_down();
  other.join();
}

// What the thread takes while the other one waits for it closes the cycle.
void WhileItIsWaitedFor() {
  Acted other([] { Nested(g_b, g_a); });
  std::latch held(1);
  lockcheck::thread thread([&] {
    held.wait();
    Take(g_b);
  });
  {
    std::lock_guard hold(g_a);
    held.count_down();
    thread.join();
  }
  other.Join();
}

// What it takes it takes before it begins a thread that is joined before a is.
void BeforeAThreadThatWasJoined() {
  std::optional<lockcheck::thread> between;
  Acted thread([&] {
    Take(g_a);
    between.emplace([] {});
  });
  between->join();
  JoinUnder(g_a, thread);
}

// The one who joins it was begun by whom was joined by ... nobody: each is in
// no order with the other.
void ByAnotherThread() {
  Acted thread([] { Take(g_a); });
  lockcheck::thread([&] { JoinUnder(g_a, thread); }).join();
}

// Many locks that are gone by then.
void AfterShortLivedOnes(int n) {
  Acted thread([n] {
    Take(g_a);
    for (int i = 0; i < n; ++i) {
      lockcheck::mutex brief;
      Take(brief);
    }
  });
  JoinUnder(g_a, thread);
}

// Of threads that were joined with nothing held nothing is left.
void Many(int n) {
  for (int i = 0; i < n; ++i) {
    Acted thread([] { Take(g_a); });
    Take(g_a);
    thread.Join();
  }
}

void ManyUnder(int n) {
  for (int i = 0; i < n; ++i) JoinsUnder(g_a, [] { Take(g_a); });
}

const std::map<std::string, std::function<void(int)>> kScenarios = {
    {"what-it-took", [](int) { JoinsUnder(g_a, [] { Take(g_a); }); }},
    {"what-it-took-inside",
     [](int) { JoinsUnder(g_a, [] { Nested(g_b, g_a); }); }},
    {"what-it-took-among-others",
     [](int) {
       JoinsUnder(g_a, [] { lockcheck::scoped_lock both(g_b, g_a); });
     }},
    {"what-std-took-among-others",
     [](int) { JoinsUnder(g_a, [] { std::scoped_lock both(g_b, g_a); }); }},
    {"what-it-wrote",
     [](int) {
       Acted thread([] { Take(g_x); });
       std::shared_lock read(g_x);
       thread.Join();
     }},
    {"what-it-read",
     [](int) {
       Acted thread([] { Read(g_x); });
       std::lock_guard written(g_x);
       thread.Join();
     }},
    {"by-another-thread", [](int) { ByAnotherThread(); }},
    {"through-another", [](int) { ThroughAnother(); }},
    {"through-another-later", [](int) { ThroughAnotherLater(); }},
    {"while-it-is-waited-for", [](int) { WhileItIsWaitedFor(); }},
    {"after-short-lived-ones", AfterShortLivedOnes},
    {"many", Many},
    {"many-under", ManyUnder},
    // Safe ones.
    {"another-lock", [](int) { JoinsUnder(g_b, [] { Take(g_a); }); }},
    {"nothing-held",
     [](int) {
       Acted thread([] { Take(g_a); });
       thread.Join();
       Take(g_a);
     }},
    {"what-it-tried",
     [](int) {
       JoinsUnder(g_a, [] {
         if (g_a.try_lock()) g_a.unlock();
       });
     }},
    {"what-it-tried-under-another",
     [](int) {
       JoinsUnder(g_a, [] {
         std::lock_guard outer(g_b);
         if (g_a.try_lock()) g_a.unlock();
       });
     }},
    {"both-read",
     [](int) {
       Acted thread([] { Read(g_x); });
       std::shared_lock read(g_x);
       thread.Join();
     }},
    {"before-a-thread-that-was-joined",
     [](int) { BeforeAThreadThatWasJoined(); }},
    {"a-lock-that-is-gone",
     [](int) {
       std::optional<lockcheck::mutex> gone;
       gone.emplace("gone");
       Acted thread([&] { Take(*gone); });
       gone.emplace("another");
       JoinUnder(*gone, thread);
     }},
};

}  // namespace

int main(int argc, char** argv) {
  const auto scenario = kScenarios.find(argc > 1 ? argv[1] : "");
  if (scenario == kScenarios.end()) return 2;
  scenario->second(argc > 2 ? std::atoi(argv[2]) : 0);
}
