// What coroutines wait for that anybody may end: permits, notifications.
#include <lockcheck/coroutine/condition_variable.h>
#include <lockcheck/coroutine/context.h>
#include <lockcheck/coroutine/mutex.h>
#include <lockcheck/coroutine/semaphore.h>
#include <lockcheck/coroutine/task_group.h>
#include <lockcheck/lockcheck.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include "tests/programs/stories.h"

namespace {

using lockcheck::coroutine::bounded_semaphore;
using lockcheck::coroutine::condition_variable;
using lockcheck::coroutine::context;
using lockcheck::coroutine::mutex;
using lockcheck::coroutine::semaphore;
using lockcheck::coroutine::task;
using lockcheck::coroutine::yield;

void ReportLeft(context& c) {
  const size_t left = c.run();
  if (left == 0) return;
  std::printf("%zu left\n", left);
  std::fflush(stdout);
}

// Nothing puts the two in order.
void Tell(task<> one, const char* name, task<> other, const char* other_name) {
  context c;
  c.spawn(std::move(one), name);
  c.spawn(std::move(other), other_name);
  ReportLeft(c);
}

// Whether each has its turns in the midst of the other's, or does all at once.
enum Turns { kAtOnce, kInTurn };

// ---- Permits ----------------------------------------------------------------

semaphore g_one(1, "one"), g_other(1, "other"), g_posted(0, "posted");
mutex g_mutex("mutex"), g_other_mutex("other mutex");

template <Turns turns>
auto Pause() {
  struct Awaiter {
    bool await_ready() const { return true; }
    void await_suspend(std::coroutine_handle<>) const {}
    void await_resume() const {}
  };
  if constexpr (turns == kAtOnce) {
    return yield();
  } else {
    return Awaiter();
  }
}

template <Turns turns>
task<> Nested(semaphore& outer, semaphore& inner) {
  co_await outer.acquire();
  co_await Pause<turns>();
  co_await inner.acquire();
  inner.release();
  outer.release();
}

void SemaphoresLatent() {
  Tell(Nested<kInTurn>(g_one, g_other), "one then other",
       Nested<kInTurn>(g_other, g_one), "other then one");
}
void SemaphoresHang() {
  Tell(Nested<kAtOnce>(g_one, g_other), "one then other",
       Nested<kAtOnce>(g_other, g_one), "other then one");
}
// Safe.
void SemaphoresInOneOrder() {
  Tell(Nested<kAtOnce>(g_one, g_other), "one", Nested<kAtOnce>(g_one, g_other),
       "other");
}
// Safe: of two permits one is always there for these two.
void Counting() {
  static semaphore a(2, "a"), b(2, "b");
  Tell(Nested<kAtOnce>(a, b), "one", Nested<kAtOnce>(b, a), "other");
}

template <Turns turns>
task<> MutexUnderPermit() {
  co_await g_one.acquire();
  co_await Pause<turns>();
  { const auto inner = co_await g_mutex.scoped_lock(); }
  g_one.release();
}
template <Turns turns>
task<> PermitUnderMutex() {
  const auto outer = co_await g_mutex.scoped_lock();
  co_await Pause<turns>();
  co_await g_one.acquire();
  g_one.release();
}
void AndMutexLatent() {
  Tell(MutexUnderPermit<kInTurn>(), "permit first", PermitUnderMutex<kInTurn>(),
       "mutex first");
}
void AndMutexHang() {
  Tell(MutexUnderPermit<kAtOnce>(), "permit first", PermitUnderMutex<kAtOnce>(),
       "mutex first");
}
void AndMutexInOneOrder() {
  Tell(MutexUnderPermit<kAtOnce>(), "one", MutexUnderPermit<kAtOnce>(),
       "other");
}

// As a signal: the one who would post needs what the one who waits has.
task<> PostUnderMutex() {
  const auto needs = co_await g_mutex.scoped_lock();
  g_posted.release();
}
task<> WaitUnderMutex() {
  const auto hold = co_await g_mutex.scoped_lock();
  co_await g_posted.acquire();
}
void PostLatent() {
  Tell(PostUnderMutex(), "poster", WaitUnderMutex(), "waiter");
}
void PostHang() {
  Tell(WaitUnderMutex(), "waiter", PostUnderMutex(), "poster");
}
// Safe: another one, who does not need it, posts, too.
void SecondPoster() {
  context c;
  const auto post = []() -> task<> {
    g_posted.release();
    co_return;
  };
  c.spawn(WaitUnderMutex(), "waiter");
  c.spawn(PostUnderMutex(), "poster");
  c.spawn(post(), "second");
  ReportLeft(c);
}
// Safe: the mutex comes after the wait.
void WaitsWithoutMutex() {
  const auto wait = []() -> task<> {
    co_await g_posted.acquire();
    const auto hold = co_await g_mutex.scoped_lock();
  };
  Tell(wait(), "waiter", PostUnderMutex(), "poster");
}

void NobodyReleases() {
  context c;
  const auto wait = []() -> task<> {
    const auto hold = co_await g_mutex.scoped_lock();
    co_await g_posted.acquire();
  };
  c.spawn(wait(), "waiter");
  ReportLeft(c);
}

// Safe: a thread releases.
void ReleasedFromOutside() {
  context c;
  c.spawn(WaitUnderMutex(), "waiter");
  auto work = std::make_unique<context::work>(c);
  lockcheck::thread outside([&] {
    g_posted.release();
    work.reset();
  });
  ReportLeft(c);
  outside.join();
}

// Safe: permits that are handed over are held by who gets them.
void HandedOver() {
  context c;
  const auto use = []() -> task<> {
    for (int i = 0; i < 3; ++i) {
      co_await g_one.acquire();
      co_await yield();
      { const auto inner = co_await g_mutex.scoped_lock(); }
      g_one.release();
    }
  };
  for (int i = 0; i < 4; ++i) c.spawn(use(), "user");
  ReportLeft(c);
}

void OverRelease() {
  context c;
  const auto release = []() -> task<> {
    bounded_semaphore bounded(1, "bounded");
    co_await bounded.acquire();
    bounded.release();
    try {
      bounded.release();
    } catch (const std::logic_error&) {
      std::puts("refused");
    }
  };
  c.spawn(release(), "careless");
  ReportLeft(c);
}

// ---- Notifications ----------------------------------------------------------

condition_variable g_news("news");
bool g_ready = false;

task<> WaitForNews() {
  auto guard = co_await g_mutex.scoped_lock();
  co_await g_news.wait(guard, [] { return g_ready; });
}
task<> GiveNews() {
  const auto guard = co_await g_mutex.scoped_lock();
  g_ready = true;
  g_news.notify_one();
}
// Safe, whoever comes first.
void Notified() {
  Tell(WaitForNews(), "waiter", GiveNews(), "notifier");
  Tell(GiveNews(), "notifier", WaitForNews(), "waiter");
}
void NeverNotified() {
  context c;
  c.spawn(WaitForNews(), "waiter");
  ReportLeft(c);
}
// Who waits does not look whether it has happened.
void LostWakeup() {
  const auto wait = []() -> task<> {
    auto guard = co_await g_mutex.scoped_lock();
    co_await g_news.wait(guard);
  };
  Tell(GiveNews(), "notifier", wait(), "waiter");
}

// Who waits holds another lock, which the notifier needs.
task<> WaitHolding() {
  const auto other = co_await g_other_mutex.scoped_lock();
  auto guard = co_await g_mutex.scoped_lock();
  co_await g_news.wait(guard, [] { return g_ready; });
}
task<> NotifyWithOther() {
  { const auto other = co_await g_other_mutex.scoped_lock(); }
  co_await GiveNews();
}
void WaitHoldingLatent() {
  Tell(NotifyWithOther(), "notifier", WaitHolding(), "waiter");
}
void WaitHoldingHang() {
  Tell(WaitHolding(), "waiter", NotifyWithOther(), "notifier");
}
// Safe: the notifier does not need it.
void WaitHoldingSafe() {
  Tell(WaitHolding(), "waiter", GiveNews(), "notifier");
}

// Safe: a thread notifies.
void NotifiedFromOutside() {
  context c;
  const auto wait = []() -> task<> {
    auto guard = co_await g_mutex.scoped_lock();
    while (!co_await g_news.wait_for(guard, std::chrono::milliseconds(1),
                                     [] { return g_ready; })) {
    }
  };
  c.spawn(wait(), "waiter");
  auto work = std::make_unique<context::work>(c);
  lockcheck::thread outside([&] {
    while (!g_mutex.try_lock()) {
    }
    g_ready = true;
    g_mutex.unlock();
    g_news.notify_all();
    work.reset();
  });
  ReportLeft(c);
  outside.join();
}

// Safe: those that are destroyed neither wait nor hold.
void Destroyed() {
  {
    context c;
    c.spawn_background(WaitForNews(), "waiter");
    c.spawn_background(WaitForNews(), "waiter");
    const auto acquire = []() -> task<> {
      co_await g_one.acquire();
      co_await g_posted.acquire();
    };
    c.spawn_background(acquire(), "acquires");
    ReportLeft(c);
  }
  Tell(GiveNews(), "notifier", WaitForNews(), "waiter");
  g_posted.release();
  Tell(WaitUnderMutex(), "waiter", WaitForNews(), "other");
}

constexpr Story kStories[] = {
    {"semaphores-latent", &SemaphoresLatent},
    {"semaphores-hang", &SemaphoresHang},
    {"semaphores-in-one-order", &SemaphoresInOneOrder},
    {"counting", &Counting},
    {"and-mutex-latent", &AndMutexLatent},
    {"and-mutex-hang", &AndMutexHang},
    {"and-mutex-in-one-order", &AndMutexInOneOrder},
    {"post-latent", &PostLatent},
    {"post-hang", &PostHang},
    {"second-poster", &SecondPoster},
    {"waits-without-mutex", &WaitsWithoutMutex},
    {"nobody-releases", &NobodyReleases},
    {"released-from-outside", &ReleasedFromOutside},
    {"handed-over", &HandedOver},
    {"over-release", &OverRelease},
    {"notified", &Notified},
    {"never-notified", &NeverNotified},
    {"lost-wakeup", &LostWakeup},
    {"wait-holding-latent", &WaitHoldingLatent},
    {"wait-holding-hang", &WaitHoldingHang},
    {"wait-holding-safe", &WaitHoldingSafe},
    {"notified-from-outside", &NotifiedFromOutside},
    {"destroyed", &Destroyed},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
