// What coroutines of Boost.Asio and lockcheck's locks are used for.
#include <lockcheck/coroutine/asio.h>
#include <lockcheck/lockcheck.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <vector>

#include "tests/programs/stories.h"

namespace {

namespace asio = boost::asio;
namespace coroutine = lockcheck::coroutine;
using asio::awaitable;
using asio::detached;
using asio::use_awaitable;

coroutine::mutex g_a("a"), g_b("b");
lockcheck::mutex g_of_threads("of threads");

void Spawn(asio::io_context& io, awaitable<void> its, const char* name) {
  coroutine::co_spawn(io, std::move(its), detached, name);
}
void Run(asio::io_context& io) {
  const size_t left = coroutine::run(io);
  if (left == 0) return;
  std::printf("%zu left\n", left);
  std::fflush(stdout);
}

awaitable<void> Turn() {
  co_await asio::post(co_await asio::this_coro::executor, use_awaitable);
}

awaitable<void> Nested(coroutine::mutex& outer, coroutine::mutex& inner) {
  const auto first =
      co_await coroutine::async_scoped_lock(outer, use_awaitable);
  const auto second =
      co_await coroutine::async_scoped_lock(inner, use_awaitable);
}
awaitable<void> NestedSlowly(coroutine::mutex& outer, coroutine::mutex& inner) {
  const auto first =
      co_await coroutine::async_scoped_lock(outer, use_awaitable);
  for (int i = 0; i < 3; ++i) co_await Turn();
  const auto second =
      co_await coroutine::async_scoped_lock(inner, use_awaitable);
}

// The other one begins when the first has ended, though nothing makes it so.
void Order() {
  asio::io_context io;
  Spawn(io, Nested(g_a, g_b), "first");
  io.run();
  io.restart();
  asio::io_context other;
  Spawn(other, Nested(g_b, g_a), "second");
  other.run();
}

// Safe, as are those up to the next remark.
void OneOrder() {
  asio::io_context io;
  Spawn(io, NestedSlowly(g_a, g_b), "first");
  Spawn(io, NestedSlowly(g_a, g_b), "second");
  Run(io);
}

void OneAfterTheOther() {
  asio::io_context io;
  const auto both = [&]() -> awaitable<void> {
    co_await coroutine::co_spawn(io, Nested(g_a, g_b), use_awaitable, "first");
    co_await coroutine::co_spawn(io, Nested(g_b, g_a), use_awaitable, "second");
    co_await Nested(g_a, g_b);
  };
  Spawn(io, both(), "both");
  Run(io);
}

void AcrossRuns() {
  asio::io_context io;
  Spawn(io, Nested(g_a, g_b), "first");
  Run(io);
  io.restart();
  Spawn(io, Nested(g_b, g_a), "second");
  Run(io);
}

void OnThreads() {
  asio::io_context io;
  int counter = 0;
  const auto work = [&](int n) -> awaitable<void> {
    for (int i = 0; i < 50; ++i) {
      const auto a = co_await coroutine::async_scoped_lock(g_a, use_awaitable);
      if (i % 3 == n % 3) co_await Turn();
      const auto b = co_await coroutine::async_scoped_lock(g_b, use_awaitable);
      ++counter;
    }
  };
  for (int i = 0; i < 8; ++i) Spawn(io, work(i), "work");
  std::vector<lockcheck::thread> others;
  for (int i = 0; i < 2; ++i) others.emplace_back([&] { io.run(); });
  io.run();
  for (lockcheck::thread& other : others) other.join();
  Run(io);
  if (counter != 8 * 50) std::printf("%d\n", counter);
}

// Its branch is cancelled, so it waits for nobody.
void Cancelled() {
  using namespace asio::experimental::awaitable_operators;  // NOLINT
  asio::io_context io;
  const auto ask = [](coroutine::mutex& outer,
                      coroutine::mutex& inner) -> awaitable<void> {
    const auto first =
        co_await coroutine::async_scoped_lock(outer, use_awaitable);
    for (int i = 0; i < 3; ++i) co_await Turn();
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_after(std::chrono::milliseconds(2));
    const auto got = co_await (coroutine::async_lock(inner, use_awaitable) ||
                               timer.async_wait(use_awaitable));
    if (got.index() == 0) inner.unlock();
  };
  Spawn(io, ask(g_a, g_b), "first");
  Spawn(io, ask(g_b, g_a), "second");
  Run(io);
}

// It is stopped, and whoever waits then was meant to.
void Stopped() {
  coroutine::event never("never");
  asio::io_context io;
  const auto wait = [&]() -> awaitable<void> {
    co_await coroutine::async_wait(never, use_awaitable);
  };
  const auto stop = [&]() -> awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_after(std::chrono::milliseconds(1));
    co_await timer.async_wait(use_awaitable);
    asio::post(io, [] {});
    io.stop();
  };
  Spawn(io, wait(), "idle");
  Spawn(io, stop(), "stops");
  io.run();
}

// So it is if nothing else is left to do.
template <typename Run, typename Stop>
void StoppedBy(const Run& run, const Stop& stop) {
  coroutine::event never("never");
  asio::io_context io;
  const auto wait = [&]() -> awaitable<void> {
    co_await coroutine::async_wait(never, use_awaitable);
  };
  Spawn(io, wait(), "idle");
  stop(io, run);
}
void StoppedByHandler(void (*run)(asio::io_context&)) {
  StoppedBy(run, [](asio::io_context& io, const auto& run_it) {
    asio::steady_timer timer(io);
    timer.expires_after(std::chrono::milliseconds(1));
    timer.async_wait([&](const boost::system::error_code&) { io.stop(); });
    run_it(io);
  });
}
void StoppedByThread(void (*run)(asio::io_context&)) {
  StoppedBy(run, [](asio::io_context& io, const auto& run_it) {
    const auto work = asio::make_work_guard(io);
    lockcheck::thread other([&] { io.stop(); });
    run_it(io);
    other.join();
  });
}
void RunByAsio(asio::io_context& io) { io.run(); }
void RunByUs(asio::io_context& io) { coroutine::run(io); }

// Deadlocks.
void Abba() {
  asio::io_context io;
  Spawn(io, NestedSlowly(g_a, g_b), "first");
  Spawn(io, NestedSlowly(g_b, g_a), "second");
  Run(io);
}

void NobodySets() {
  coroutine::event never("never");
  asio::io_context io;
  const auto wait = [&]() -> awaitable<void> {
    co_await coroutine::async_wait(never, use_awaitable);
  };
  Spawn(io, wait(), "waits");
  Run(io);
}

// A hazard.
void LockAcrossAwait() {
  coroutine::event go("go");
  asio::io_context io;
  const auto hold = [&]() -> awaitable<void> {
    const lockcheck::lock_guard guard(g_of_threads);
    co_await coroutine::async_wait(go, use_awaitable);
  };
  Spawn(io, hold(), "holder");
  const auto set = [&]() -> awaitable<void> {
    co_await Turn();
    go.set();
  };
  Spawn(io, set(), "sets");
  Run(io);
}

// Another one, with a deadlock.
void Carrier() {
  coroutine::event go("go");
  asio::io_context io;
  const auto hold = [&]() -> awaitable<void> {
    const lockcheck::lock_guard guard(g_of_threads);
    co_await coroutine::async_wait(go, use_awaitable);
  };
  Spawn(io, hold(), "holder");
  const auto lock = []() -> awaitable<void> {
    co_await Turn();
    const lockcheck::lock_guard guard(g_of_threads);
  };
  Spawn(io, lock(), "other");
  Run(io);
}

constexpr Story kStories[] = {
    {"order", &Order},
    {"one-order", &OneOrder},
    {"one-after-the-other", &OneAfterTheOther},
    {"across-runs", &AcrossRuns},
    {"on-threads", &OnThreads},
    {"cancelled", &Cancelled},
    {"stopped", &Stopped},
    {"stopped-by-handler", [] { StoppedByHandler(&RunByUs); }},
    {"asio-stopped-by-handler", [] { StoppedByHandler(&RunByAsio); }},
    {"stopped-by-thread", [] { StoppedByThread(&RunByUs); }},
    {"asio-stopped-by-thread", [] { StoppedByThread(&RunByAsio); }},
    {"abba", &Abba},
    {"nobody-sets", &NobodySets},
    {"lock-across-await", &LockAcrossAwait},
    {"carrier", &Carrier},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
