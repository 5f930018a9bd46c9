// Orders of locks with std's ways to take several at once, and with
// lockcheck::lock over what is no lock of lockcheck's, each made by two threads
// one after the other, or, if a second word says "freely", as they come.
// Compiled at several levels of optimization.
#include <lockcheck/lockcheck.h>

#include <cstdlib>
#include <latch>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string_view>

namespace {

lockcheck::mutex g("g"), a("a"), b("b"), c("c"), d("d");

bool g_freely = false;

template <typename First, typename Second>
void Both(First first, Second second) {
  std::latch first_is_done(1), second_is_done(1);
  lockcheck::thread x([&] {
    first();
    first_is_done.count_down();
    if (!g_freely) second_is_done.wait();
  });
  lockcheck::thread y([&] {
    if (!g_freely) first_is_done.wait();
    second();
    second_is_done.count_down();
  });
  x.join();
  y.join();
}

template <typename Outer, typename Inner>
void Nested(Outer& outer, Inner& inner) {
  std::lock_guard first(outer);
  std::lock_guard second(inner);
}

// Locks of the user's own, of one lock and of two.
struct Account {
  void lock() { mutex.lock(); }
  void unlock() { mutex.unlock(); }
  bool try_lock() { return mutex.try_lock(); }
  lockcheck::mutex& mutex;
};
struct Pair {
  void lock() {
    first.lock();
    second.lock();
  }
  void unlock() {
    second.unlock();
    first.unlock();
  }
  bool try_lock() { return std::try_lock(first, second) == -1; }
  lockcheck::mutex& first;
  lockcheck::mutex& second;
};
struct Unwilling {
  void lock() {}
  void unlock() {}
  bool try_lock() { throw std::runtime_error("no"); }
};

lockcheck::shared_mutex s("s");
lockcheck::mutex e("e"), f("f");

// What lockcheck::lock takes together, ending with b or s.
struct Kind {
  std::string_view name;
  void (*forward)();
  void (*backward)();
  bool reads_last = false;
};

template <template <typename> typename Unique,
          template <typename> typename Last, typename Mutex, bool kForward>
void LockGuards(Mutex& last) {
  Unique<lockcheck::mutex> x(a, std::defer_lock);
  Last<Mutex> y(last, std::defer_lock);
  kForward ? lockcheck::lock(x, y) : lockcheck::lock(y, x);
}

Account account_a{a}, account_b{b}, account_f{f};
Pair pair_ac{a, c}, pair_eb{e, b};

const Kind kKinds[] = {
    {"own guards",
     [] {
       LockGuards<lockcheck::unique_lock, lockcheck::unique_lock,
                  lockcheck::mutex, true>(b);
     },
     [] {
       LockGuards<lockcheck::unique_lock, lockcheck::unique_lock,
                  lockcheck::mutex, false>(b);
     }},
    {"own reader",
     [] {
       LockGuards<lockcheck::unique_lock, lockcheck::shared_lock,
                  lockcheck::shared_mutex, true>(s);
     },
     [] {
       LockGuards<lockcheck::unique_lock, lockcheck::shared_lock,
                  lockcheck::shared_mutex, false>(s);
     },
     true},
    {"std guards",
     [] {
       LockGuards<std::unique_lock, std::unique_lock, lockcheck::mutex, true>(
           b);
     },
     [] {
       LockGuards<std::unique_lock, std::unique_lock, lockcheck::mutex, false>(
           b);
     }},
    {"std reader",
     [] {
       LockGuards<std::unique_lock, std::shared_lock, lockcheck::shared_mutex,
                  true>(s);
     },
     [] {
       LockGuards<std::unique_lock, std::shared_lock, lockcheck::shared_mutex,
                  false>(s);
     },
     true},
    {"accounts", [] { lockcheck::scoped_lock both(account_a, account_b); },
     [] { lockcheck::scoped_lock both(account_b, account_a); }},
    {"pairs", [] { lockcheck::scoped_lock both(pair_ac, pair_eb); },
     [] { lockcheck::scoped_lock both(pair_eb, pair_ac); }},
    {"mixed account", [] { lockcheck::scoped_lock both(account_a, b); },
     [] { lockcheck::scoped_lock both(b, account_a); }},
    {"mixed pair", [] { lockcheck::scoped_lock both(pair_ac, b); },
     [] { lockcheck::scoped_lock both(b, pair_ac); }},
};

template <typename Lock>
void RunKind(const Kind& kind, std::string_view how, Lock& last) {
  const auto under_g = [&] {
    std::lock_guard outer(g);
    kind.forward();
  };
  if (how.empty()) {
    Both(under_g, [&] { Nested(last, g); });
  } else if (how == " crossed") {  // safe
    Both(kind.forward, kind.backward);
  } else if (how == " in order") {  // safe
    Both(under_g, [&] { Nested(g, last); });
  } else if (how == " gate") {  // safe
    Both(
        [&] {
          std::lock_guard gate(d);
          under_g();
        },
        [&] {
          std::lock_guard gate(d);
          Nested(last, g);
        });
  } else {
    std::abort();
  }
}

bool RunAsKind(std::string_view story) {
  for (const Kind& kind : kKinds) {
    if (!story.starts_with(kind.name)) continue;
    const std::string_view how = story.substr(kind.name.size());
    kind.reads_last ? RunKind(kind, how, s) : RunKind(kind, how, b);
    return true;
  }
  return false;
}

void TryB() {
  if (!b.try_lock()) std::abort();
  b.unlock();
}

void Run(std::string_view story) {
  if (RunAsKind(story)) return;
  if (story == "abba") {
    Both([] { Nested(a, b); }, [] { Nested(b, a); });
  } else if (story == "abba, unique") {
    Both([] { std::unique_lock first(a), second(b); },
         [] { std::unique_lock first(b), second(a); });
  } else if (story == "scoped") {
    Both(
        [] {
          std::lock_guard outer(g);
          std::scoped_lock both(a, b);
        },
        [] { Nested(b, g); });
  } else if (story == "deferred") {
    Both(
        [] {
          std::lock_guard outer(g);
          std::unique_lock x(a, std::defer_lock), y(b, std::defer_lock),
              z(c, std::defer_lock);
          std::lock(x, y, z);
        },
        [] { Nested(c, g); });
  } else if (story == "within") {
    Both(
        [] {
          std::scoped_lock both(a, b);
          std::scoped_lock more(c, d);
        },
        [] { Nested(d, b); });
  } else if (story == "crossed") {  // safe: nobody waits with a member in hand
    Both([] { std::scoped_lock both(a, b); },
         [] { std::scoped_lock both(b, a); });
  } else if (story == "one by one") {  // safe, for the same reason
    Both([] { std::scoped_lock both(a, b); }, [] { Nested(b, a); });
  } else if (story == "try") {  // safe: it gives up
    Both(
        [] {
          std::lock_guard outer(g);
          if (std::try_lock(a, b) != -1) std::abort();
          a.unlock();
          b.unlock();
        },
        [] { Nested(b, g); });
  } else if (story == "try under two") {  // safe: it gives up
    Both(
        [] {
          std::lock_guard outer(g);
          std::lock_guard inner(a);
          TryB();
        },
        [] { Nested(b, g); });
  } else if (story == "try afterwards") {  // safe: it gives up
    Both(
        [] {
          std::lock_guard outer(g);
          lockcheck::scoped_lock both(account_a, account_f);
          TryB();
        },
        [] { Nested(b, g); });
  } else if (story == "try after a throw") {  // safe: it gives up
    Both(
        [] {
          std::lock_guard outer(g);
          Unwilling unwilling;
          try {
            lockcheck::lock(account_a, unwilling);
            std::abort();
          } catch (const std::runtime_error&) {
          }
          TryB();
        },
        [] { Nested(b, g); });
  } else if (story == "gate") {  // safe: both under one lock
    Both(
        [] {
          std::lock_guard gate(d);
          std::lock_guard outer(g);
          std::scoped_lock both(a, b);
        },
        [] {
          std::lock_guard gate(d);
          Nested(b, g);
        });
  } else {
    std::abort();
  }
}

}  // namespace

int main(int argc, char** argv) {
  g_freely = argc == 3 && argv[2] == std::string_view("freely");
  if (argc >= 2) Run(argv[1]);
}
