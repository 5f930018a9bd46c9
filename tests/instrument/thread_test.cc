// thread and jthread: std's rules.
#include "lockcheck/thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace lockcheck::testing {
namespace {

struct Counter {
  int value = 0;
  void Add(int n) { value += n; }
};

TEST(Thread, RunsItsFunctionWithCopiesOfItsArguments) {
  std::string text = "before";
  std::string seen;
  thread t(
      [&](const std::string& copy, std::unique_ptr<int> moved) {
        seen = copy + std::to_string(*moved);
      },
      text, std::make_unique<int>(7));
  text = "after";
  t.join();
  EXPECT_EQ(seen, "before7");
}

TEST(Thread, TakesMemberFunctionsAndReferences) {
  Counter counter;
  thread(&Counter::Add, &counter, 2).join();
  thread(&Counter::Add, std::ref(counter), 3).join();
  thread([](Counter& c) { c.Add(4); }, std::ref(counter)).join();
  EXPECT_EQ(counter.value, 9);
}

TEST(Thread, IsJoinableUntilJoinedOrDetached) {
  thread none;
  EXPECT_FALSE(none.joinable());
  EXPECT_EQ(none.get_id(), thread::id());
  EXPECT_THROW(none.join(), std::system_error);
  EXPECT_THROW(none.detach(), std::system_error);
  thread t([] {});
  EXPECT_TRUE(t.joinable());
  EXPECT_NE(t.get_id(), thread::id());
  thread moved = std::move(t);
  EXPECT_FALSE(t.joinable());
  EXPECT_TRUE(moved.joinable());
  swap(moved, t);
  EXPECT_TRUE(t.joinable());
  t.join();
  EXPECT_FALSE(t.joinable());
  std::atomic<bool> ran = false;
  thread detached([&] { ran = true; });
  detached.detach();
  EXPECT_FALSE(detached.joinable());
  while (!ran) this_thread::yield();
}

// ThreadSanitizer ends a program that joins a thread after a refused join.
#if !defined(__SANITIZE_THREAD__)
TEST(Thread, JoiningItselfThrows) {
  std::atomic<thread*> self = nullptr;
  std::atomic<int> error = 0;
  thread t([&] {
    while (self == nullptr) this_thread::yield();
    try {
      self.load()->join();
    } catch (const std::system_error& e) {
      error = e.code().value();
    }
  });
  self = &t;
  while (error == 0) this_thread::yield();
  EXPECT_EQ(error, static_cast<int>(std::errc::resource_deadlock_would_occur));
  t.join();
}
#endif

TEST(JThread, StopsAndJoinsAtItsEnd) {
  std::atomic<int> stopped = 0;
  {
    const jthread t([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) this_thread::yield();
      ++stopped;
    });
  }
  EXPECT_EQ(stopped, 1);
  {
    jthread a(
        [&](const std::stop_token& stop, int n) {
          while (!stop.stop_requested()) this_thread::yield();
          stopped += n;
        },
        10);
    a = jthread([&] { stopped += 100; });
    EXPECT_GE(stopped, 11);
  }
  EXPECT_EQ(stopped, 111);
}

TEST(JThread, HandsOutItsStopSource) {
  jthread none;
  EXPECT_FALSE(none.get_stop_source().stop_possible());
  jthread t([](const std::stop_token& stop) {
    while (!stop.stop_requested()) this_thread::yield();
  });
  EXPECT_TRUE(t.get_stop_token().stop_possible());
  jthread moved = std::move(t);
  EXPECT_TRUE(moved.request_stop());
  EXPECT_FALSE(moved.request_stop());
  moved.join();
  EXPECT_FALSE(moved.joinable());
}

}  // namespace
}  // namespace lockcheck::testing
