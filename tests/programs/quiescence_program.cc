// Threads that all wait, for ever or not: each story is told by threads that
// the test can only see from outside. "ready" is said before main waits; those
// that can go on do so after SIGUSR1.
#include <lockcheck/lockcheck.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "tests/programs/in_turn.h"
#include "tests/programs/stories.h"

namespace {

lockcheck::mutex g_mutex("mutex");
lockcheck::counting_semaphore<> g_posted(0, "posted");
lockcheck::binary_semaphore g_one(1, "one"), g_other(1, "other");

void Ready() {
  std::puts("ready");
  std::fflush(stdout);
}

void BlockUsr1() {
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
}

// Not in any wait that lockcheck knows.
void AwaitUsr1() {
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  int signal;
  sigwait(&usr1, &signal);
}

void PostUnderMutex() {
  lockcheck::this_thread::set_name("poster");
  const std::lock_guard needs(g_mutex);
  g_posted.release();
}

// The one who would post needs what the one who waits has.
void HolderWaits() {
  g_mutex.lock();
  lockcheck::thread poster(PostUnderMutex);
  Ready();
  g_posted.acquire();
  g_mutex.unlock();
  poster.join();
}

void SecondPoster() {
  BlockUsr1();
  lockcheck::thread second([] {
    AwaitUsr1();
    g_posted.release();
  });
  HolderWaits();
  second.join();
}

void PlainThread() {
  BlockUsr1();
  std::thread plain([] {
    AwaitUsr1();
    g_posted.release();
  });
  HolderWaits();
  plain.join();
}

void Handler() {
  signal(SIGUSR1, [](int) { g_posted.release(); });
  HolderWaits();
}

void SharedMemory() {
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) _exit(3);
  HolderWaits();
}

// Not before the poster waits.
void Timed() {
  g_mutex.lock();
  lockcheck::thread poster(PostUnderMutex);
  lockcheck::testing::AwaitSleeper(g_mutex);
  Ready();
  if (g_posted.try_acquire_for(std::chrono::milliseconds(100))) _exit(3);
  g_mutex.unlock();
  poster.join();
}

void Condition() {
  static lockcheck::mutex inner("inner");
  static lockcheck::condition_variable changed("changed");
  static bool is_changed = false;
  const std::lock_guard outer(g_mutex);
  lockcheck::thread notifier([] {
    const std::lock_guard needs(g_mutex);
    const std::lock_guard guard(inner);
    is_changed = true;
    changed.notify_one();
  });
  std::unique_lock guard(inner);
  Ready();
  changed.wait(guard, [] { return is_changed; });
}

void JoinsWhoWaits() {
  lockcheck::thread waiter([] { g_posted.acquire(); });
  Ready();
  waiter.join();
  g_posted.release();
}

// Main's wait is a long one when the other thread's limit has passed.
void LastOneEnds() {
  static lockcheck::counting_semaphore<> never(0, "never");
  g_one.acquire();
  lockcheck::thread([] {
    if (never.try_acquire_for(std::chrono::milliseconds(50))) _exit(3);
  }).detach();
  Ready();
  g_one.acquire();
}

void AllWaitForSignals() {
  static lockcheck::counting_semaphore<> never(0, "never");
  lockcheck::thread waiter([] { g_posted.acquire(); });
  Ready();
  never.acquire();
}

void PermitsInBothOrders() {
  lockcheck::counting_semaphore<> go(0), have(0);
  lockcheck::thread other([&] {
    g_other.acquire();
    have.release();
    go.acquire();
    g_one.acquire();
  });
  g_one.acquire();
  have.acquire();
  Ready();
  go.release();
  g_other.acquire();
}

// Each worker's task waits for one that is behind both.
void StarvedPool() {
  lockcheck::thread_pool pool(2, "crew");
  lockcheck::latch both(2);
  const auto outer = [&] {
    both.arrive_and_wait();
    return pool.submit([] { return 1; }).get();
  };
  auto one = pool.submit(outer);
  auto other = pool.submit(outer);
  Ready();
  one.get();
  other.get();
}

// Nothing waits for the task or its worker.
void PoolOfWhoWaits() {
  static lockcheck::counting_semaphore<> never(0, "never");
  lockcheck::thread_pool pool(2, "crew");
  pool.submit([] { g_posted.acquire(); });
  Ready();
  never.acquire();
}

void AnswerOfWhoWaits() {
  lockcheck::thread_pool pool(2, "crew");
  auto task = pool.submit([] { g_posted.acquire(); });
  Ready();
  task.get();
}

// Whoever waits is who has the promise.
void OwnPromise() {
  lockcheck::promise<void> promise("answer");
  Ready();
  promise.get_future().get();
}

// The thread that got the item has ended.
void NeverDone() {
  lockcheck::queue<int> jobs("jobs");
  jobs.put(1);
  lockcheck::thread([&] { jobs.get(); }).join();
  Ready();
  jobs.join();
}

// Safe: until SIGUSR1 comes, a plain thread keeps its task.
void DoneInTheEnd() {
  BlockUsr1();
  lockcheck::queue<int> jobs("jobs");
  jobs.put(1);
  std::thread plain([&] {
    AwaitUsr1();
    jobs.task_done();
  });
  Ready();
  jobs.join();
  plain.join();
}

// Safe: one worker is left for the task that is waited for.
void PoolWithRoom() {
  lockcheck::thread_pool pool(2, "crew");
  auto task = pool.submit([&] { return pool.submit([] { return 1; }).get(); });
  task.get();
}

// The main thread is gone when the two wait.
void WithoutMain() {
  lockcheck::thread([] {
    g_mutex.lock();
    lockcheck::thread(PostUnderMutex).detach();
    g_posted.acquire();
  }).detach();
  pthread_exit(nullptr);
}

// The parent waits for its child, outside of lockcheck's waits.
void InAChild() {
  const pid_t child = fork();
  if (child == 0) {
    HolderWaits();
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
}

// Mostly everybody waits, for the one who is being woken.
void PingPong() {
  for (int round = 0; round < 200; ++round) {
    lockcheck::counting_semaphore<> ping(0, "ping"), pong(0, "pong");
    lockcheck::thread player([&] {
      for (int i = 0; i < 50; ++i) {
        ping.acquire();
        pong.release();
      }
    });
    lockcheck::thread other([&] {
      for (int i = 0; i < 50; ++i) {
        ping.release();
        pong.acquire();
      }
    });
    player.join();
    other.join();
  }
}

constexpr Story kStories[] = {
    {"holder-waits", HolderWaits},
    {"second-poster", SecondPoster},
    {"plain-thread", PlainThread},
    {"handler", Handler},
    {"shared-memory", SharedMemory},
    {"timed", Timed},
    {"condition", Condition},
    {"joins-who-waits", JoinsWhoWaits},
    {"last-one-ends", LastOneEnds},
    {"all-wait-for-signals", AllWaitForSignals},
    {"permits-in-both-orders", PermitsInBothOrders},
    {"starved-pool", StarvedPool},
    {"pool-of-who-waits", PoolOfWhoWaits},
    {"answer-of-who-waits", AnswerOfWhoWaits},
    {"own-promise", OwnPromise},
    {"never-done", NeverDone},
    {"done-in-the-end", DoneInTheEnd},
    {"pool-with-room", PoolWithRoom},
    {"without-main", WithoutMain},
    {"in-a-child", InAChild},
    {"ping-pong", PingPong},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
