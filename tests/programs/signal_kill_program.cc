// Children wait for and signal each other through one object, and are killed at
// random moments; the others go on.
//   signal_kill_program OBJECT SEED KILLS
// Prints how many were killed.
#include <lockcheck/process.h>
#include <signal.h>
#include <sys/prctl.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace process = lockcheck::process;
using std::chrono::milliseconds;

constexpr int kChildren = 4;

// Some time, so that the log does not become long.
void Turn(uint32_t turns) {
  for (; turns > 0; --turns) asm volatile("" ::: "memory");
}

struct Shared {
  std::atomic<long> rounds{0};  // by all

  process::event event{"event"};
  process::semaphore semaphore{0, "semaphore"};
  process::bounded_semaphore bounded{2, "bounded"};
  process::mutex mutex{"mutex"};
  process::condition_variable condition{"condition"};
  int items = 0;
  process::barrier barrier{kChildren, "barrier"};

  // What was lost is not known: it may have been given back already.
  void ReleaseBounded() {
    try {
      bounded.release();
    } catch (const std::logic_error&) {
    }
  }
  // What may be half done matters to nobody.
  void Repair() {
    if (mutex.owner_died()) mutex.consistent();
  }
  void Put() {
    const std::lock_guard lock(mutex);
    Repair();
    ++items;
  }
  void Get() {
    std::unique_lock lock(mutex);
    Repair();
    condition.wait(lock, [&] {
      Repair();
      return items > 0;
    });
    --items;
  }
};

// What a child does again and again; and what is done after each kill, so that
// the others can go on, if the one that was killed had something.
struct Play {
  void (*round)(Shared& s);
  void (*make_good)(Shared& s);
};

const std::map<std::string, Play> kPlays = {
    {"event",
     {[](Shared& s) {
        s.event.set();
        s.event.wait();
        s.event.clear();
        (void)s.event.wait_for(milliseconds(1));
      },
      [](Shared&) {}}},
    {"semaphore",
     {[](Shared& s) {
        s.semaphore.release();
        s.semaphore.acquire();
      },
      [](Shared& s) { s.semaphore.release(); }}},
    // At most one permit went with the one that was killed; who has to wait so
    // long takes it to be gone.
    {"bounded",
     {[](Shared& s) {
        s.bounded.acquire();
        Turn(2'000);
        s.ReleaseBounded();
      },
      [](Shared& s) {
        if (s.bounded.try_acquire_for(milliseconds(300)) &&
            s.bounded.try_acquire_for(milliseconds(300))) {
          s.ReleaseBounded();
        }
        s.ReleaseBounded();
      }}},
    {"condition",
     {[](Shared& s) {
        s.Put();
        s.condition.notify_one();
        s.Get();
      },
      [](Shared& s) {
        s.Put();
        s.condition.notify_all();
      }}},
    {"barrier",
     {[](Shared& s) { s.barrier.arrive_and_wait(); }, [](Shared&) {}}},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || !kPlays.contains(argv[1])) return 2;
  const Play play = kPlays.at(argv[1]);
  std::mt19937 random(
      static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 10)));
  const int kills = std::atoi(argv[3]);
  process::shared<Shared> s;
  const auto work = [&] {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // should the time limit end us
    while (true) {
      play.round(*s);
      ++s->rounds;
      Turn(5'000);
    }
  };
  std::vector<process::child> children;
  for (int i = 0; i < kChildren; ++i) children.emplace_back(work);
  for (int i = 0; i < kills; ++i) {
    // After some rounds, or some part of one.
    const long until = s->rounds + 1 + static_cast<long>(random() % 30);
    // Who would yield here would find the children as they yield.
    while (s->rounds < until) {
    }
    Turn(static_cast<uint32_t>(random() % 20'000));
    process::child& victim = children[random() % children.size()];
    victim.kill();
    victim.join();
    if (victim.exit_status() != -SIGKILL) return 3;
    play.make_good(*s);
    victim = process::child(work);
  }
  for (process::child& c : children) c.kill();
  for (process::child& c : children) c.join();
  std::printf("%d killed\n", kills);
}
