// A parent and its children take and release locks that they share, and the
// children are killed at random moments.
//   process_kill_program SEED KILLS
// Prints how many were killed, and how often somebody was told that the owner
// of a lock had died.
#include <lockcheck/process.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <vector>

namespace {

using lockcheck::process::child;
using lockcheck::process::mutex;

// Some time, so that the log does not become long.
void Turn(uint32_t turns) {
  for (; turns > 0; --turns) asm volatile("" ::: "memory");
}

struct Shared {
  mutex a{"a"}, b{"b"};
  // Equal while nobody holds the lock.
  long one = 0, other = 0;
  std::atomic<int> told{0};
  std::atomic<long> rounds{0};  // by all

  // Whoever is told repairs what may be half done.
  void Take(mutex& m) {
    if (m.lock() == lockcheck::process::previous_owner::died) {
      ++told;
      if (&m == &a) other = one;
      m.consistent();
    }
  }
  void Round() {
    Take(a);
    if (one != other) std::abort();
    ++one;
    Turn(5'000);
    Take(b);
    b.unlock();
    ++other;
    a.unlock();
    ++rounds;
    Turn(5'000);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::mt19937 random(
      static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10)));
  const int kills = std::atoi(argv[2]);
  lockcheck::process::shared<Shared> s;
  const auto work = [&] {
    while (true) s->Round();
  };
  std::vector<child> children;
  for (int i = 0; i < 2; ++i) children.emplace_back(work);
  for (int i = 0; i < kills; ++i) {
    // After some rounds, or some part of one.
    const long until = s->rounds + static_cast<long>(random() % 30);
    // Who would yield here would find the children as they yield.
    while (s->rounds < until) {
    }
    Turn(static_cast<uint32_t>(random() % 20'000));
    child& victim = children[random() % children.size()];
    victim.kill();
    s->Round();
    victim.join();
    if (victim.exit_status() != -SIGKILL) return 3;
    victim = child(work);
  }
  for (child& c : children) c.kill();
  for (child& c : children) c.join();
  s->Round();
  std::printf("%d killed, %d told\n", kills, s->told.load());
}
