// A pool's workers are killed at random moments while tasks run that take a
// lock which they share.
//   process_pool_kill_program SEED KILLS
// Prints how many were killed, how many tasks failed for it, and how many there
// were.
#include <lockcheck/process.h>
#include <signal.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <random>

namespace {

using lockcheck::process::pool;

struct Shared {
  lockcheck::process::mutex lock{"lock"};
  std::atomic<pid_t> last{0};  // who has begun a task
  std::atomic<long> begun{0};
};

// Some time, so that the log does not become long.
void Turn(uint32_t turns) {
  for (; turns > 0; --turns) asm volatile("" ::: "memory");
}

int Work(Shared* s, int number) {
  s->last = getpid();
  ++s->begun;
  {
    const std::lock_guard held(s->lock);
    if (s->lock.owner_died()) s->lock.consistent();
    Turn(100'000);
    if (number % 16 == 5) raise(SIGKILL);
  }
  Turn(100'000);
  if (number % 16 == 11) raise(SIGKILL);
  return number;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::mt19937 random(
      static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10)));
  const int kills = std::atoi(argv[2]);
  lockcheck::process::shared<Shared> s;
  pool p(3, "pool");
  int submitted = 0, failed = 0, answered = 0;
  std::deque<std::pair<int, pool::future<int>>> tasks;
  const auto settle = [&](size_t left) {
    for (; tasks.size() > left; tasks.pop_front()) {
      try {
        if (tasks.front().second.get() != tasks.front().first) std::abort();
        ++answered;
      } catch (const lockcheck::process::worker_died& e) {
        if (e.status() != -SIGKILL) std::abort();
        ++failed;
      }
    }
  };
  for (int i = 0; i < kills; ++i) {
    const long until = s->begun + 1 + static_cast<long>(random() % 10);
    while (s->begun < until) {
      tasks.emplace_back(submitted, p.submit(&Work, s.get(), submitted));
      ++submitted;
      settle(20);
    }
    Turn(static_cast<uint32_t>(random() % 20'000));
    // It may be another one's process by now only if ids go round.
    if (s->last != 0) kill(s->last, SIGKILL);
  }
  settle(0);
  if (p.apply(&Work, s.get(), -1) != -1) return 3;
  p.close();
  p.join();
  const int suicides = submitted / 8;
  if (answered + failed != submitted || failed < suicides - 1 ||
      failed > suicides + 1 + kills) {
    return 4;
  }
  std::printf("%d killed, %d failed of %d\n", kills, failed, submitted);
}
