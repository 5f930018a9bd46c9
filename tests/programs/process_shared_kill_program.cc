// A parent and its children read and write what a process::shared_mutex
// protects, and the children are killed at random moments.
//   process_shared_kill_program SEED KILLS
// Prints how many were killed, and how often somebody was told that a writer
// had died.
#include <lockcheck/process.h>
#include <signal.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

namespace {

using lockcheck::process::child;
using lockcheck::process::previous_owner;

// Some time, so that the log does not become long.
void Turn(uint32_t turns) {
  for (; turns > 0; --turns) asm volatile("" ::: "memory");
}

struct Shared {
  lockcheck::process::shared_mutex lock{"lock"};
  // Equal while nobody writes.
  long one = 0, other = 0;
  std::atomic<int> told{0};
  std::atomic<long> rounds{0};  // by all

  // Whoever is told repairs what may be half done.
  void Write() {
    if (lock.lock() == previous_owner::died) {
      ++told;
      other = one;
      lock.consistent();
    }
    if (one != other) std::abort();
    ++one;
    Turn(3'000);
    ++other;
    lock.unlock();
  }
  void Read() {
    const bool died = lock.lock_shared() == previous_owner::died;
    if (died) ++told;
    Turn(3'000);
    if (one != other && !died) std::abort();
    lock.unlock_shared();
  }
  void Round(uint32_t which) {
    which % 3 == 0 ? Write() : Read();
    ++rounds;
    Turn(3'000);
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
    for (uint32_t i = 0;; ++i) s->Round(i);
  };
  std::vector<child> children;
  for (int i = 0; i < 3; ++i) children.emplace_back(work);
  for (int i = 0; i < kills; ++i) {
    // After some rounds, or some part of one.
    const long until = s->rounds + static_cast<long>(random() % 30);
    while (s->rounds < until) {
    }
    Turn(static_cast<uint32_t>(random() % 20'000));
    child& victim = children[random() % children.size()];
    victim.kill();
    s->Write();
    s->Read();
    victim.join();
    if (victim.exit_status() != -SIGKILL) return 3;
    victim = child(work);
  }
  for (child& c : children) c.kill();
  for (child& c : children) c.join();
  s->Write();
  s->Read();
  std::printf("%d killed, %d told\n", kills, s->told.load());
}
