// Threads that wait in what is none of lockcheck's waits, for ever or not: each
// story is told by threads that the test can only see from outside. "ready" is
// said before main waits; those that can go on do so after SIGUSR1.
#include <fcntl.h>
#include <lockcheck/lockcheck.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <future>
#include <iterator>
#include <mutex>
#include <thread>

#include "tests/programs/stories.h"

namespace {

using std::chrono::milliseconds;

lockcheck::mutex g_mutex("mutex");
lockcheck::counting_semaphore<> g_posted(0, "posted");

void Ready() {
  std::puts("ready");
  std::fflush(stdout);
}

sigset_t Usr1() {
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  return usr1;
}

// In all threads that begin later, too.
void BlockUsr1() {
  const sigset_t usr1 = Usr1();
  pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
}

void AwaitUsr1() {
  const sigset_t usr1 = Usr1();
  int signal;
  sigwait(&usr1, &signal);
}

bool IsUsr1There() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGUSR1) == 1;
}

void NeedMutex() {
  lockcheck::this_thread::set_name("worker");
  const std::lock_guard needs(g_mutex);
}

// A condition of std's, whose notification is all that it is about.
class Notice {
 public:
  void Await() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_there_; });
  }
  bool AwaitFor(milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return is_there_; });
  }
  void Give() {
    const std::lock_guard lock(mutex_);
    is_there_ = true;
    changed_.notify_all();
  }
  // The next one.
  void Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_there_; });
    is_there_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_there_ = false;
};

// ---- For ever ---------------------------------------------------------------

void Join() {
  const std::lock_guard held(g_mutex);
  std::thread worker(NeedMutex);
  Ready();
  worker.join();
}

void Async() {
  const std::lock_guard held(g_mutex);
  auto answer = std::async(std::launch::async, NeedMutex);
  Ready();
  answer.get();
}

// The one who would notify needs what the one who waits has.
void Condition() {
  Notice notice;
  const std::lock_guard held(g_mutex);
  lockcheck::thread worker([&] {
    NeedMutex();
    notice.Give();
  });
  Ready();
  notice.Await();
}

// Of a thread that lockcheck never hears of.
void UnknownSleeper() {
  Notice never;
  g_mutex.lock();
  std::thread sleeper([&] { never.Await(); });
  lockcheck::thread worker([] {
    NeedMutex();
    g_posted.release();
  });
  Ready();
  g_posted.acquire();
}

// Main is idle, as far as it is seen, and joins an idle thread.
void JoinsTheIdle() {
  std::thread idle([] { g_posted.acquire(); });
  Ready();
  idle.join();
}

// The thread that is joined is lockcheck's, what it waits in is not.
void EndOfASleeper() {
  Notice never;
  lockcheck::thread sleeper([&] {
    NeedMutex();
    never.Await();
  });
  Ready();
  sleeper.join();
}

// Everybody waits to be signalled, in nobody's way.
void Idle() {
  Notice never;
  lockcheck::thread idle([] { g_posted.acquire(); });
  NeedMutex();
  Ready();
  never.Await();
}

// When the other one's wait is an old one.
void JoinsLater() {
  BlockUsr1();
  const std::lock_guard held(g_mutex);
  std::thread worker(NeedMutex);
  Ready();
  AwaitUsr1();
  worker.join();
}

// ---- Until SIGUSR1 ----------------------------------------------------------

// Holds what the worker needs, until `wait` returns.
template <typename Wait>
void HoldDuring(Wait wait) {
  BlockUsr1();
  g_mutex.lock();
  std::thread worker(NeedMutex);
  Ready();
  wait();
  g_mutex.unlock();
  worker.join();
}

void InPoll() {
  const sigset_t usr1 = Usr1();
  BlockUsr1();
  pollfd signals = {signalfd(-1, &usr1, 0), POLLIN, 0};
  HoldDuring([&] { poll(&signals, 1, -1); });
}

void InRead() {
  const sigset_t usr1 = Usr1();
  BlockUsr1();
  const int signals = signalfd(-1, &usr1, 0);
  HoldDuring([&] {
    signalfd_siginfo seen;
    if (read(signals, &seen, sizeof(seen)) != sizeof(seen)) _exit(3);
  });
}

void InSigwait() { HoldDuring(&AwaitUsr1); }

void InSleep() {
  HoldDuring([] {
    while (!IsUsr1There()) std::this_thread::sleep_for(milliseconds(100));
  });
}

void InTimedCondition() {
  HoldDuring([] {
    Notice never;
    while (!IsUsr1There()) never.AwaitFor(milliseconds(100));
  });
}

// Main joins under the lock; who sleeps is not one of those that need it.
void JoinsWhoGoesOn() {
  BlockUsr1();
  std::thread signalled(&AwaitUsr1);
  HoldDuring([&] { signalled.join(); });
}

// Whom main waits for has the lock, and is in a wait that ends.
void OwnerSleeps() {
  Notice taken;
  std::thread owner([&] {
    const std::lock_guard held(g_mutex);
    taken.Give();
    std::this_thread::sleep_for(std::chrono::seconds(1));
  });
  taken.Await();
  Ready();
  NeedMutex();
  owner.join();
}

// ---- What is opened ---------------------------------------------------------

// By the watch, or by others.
std::atomic<int> g_asked_by_watch{0}, g_asked_by_others{0};

bool IsWatch() {
  char name[16] = "";
  pthread_getname_np(pthread_self(), name, sizeof(name));
  return std::strcmp(name, "lockcheck") == 0;
}

// Begins a join and a long wait when the watch has long known of one that
// waits, and of one that does not.
void JoinsBeside() {
  BlockUsr1();
  lockcheck::thread waits([] { g_posted.acquire(); });
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) _exit(3);
  std::thread outside([&] {
    NeedMutex();
    char byte;
    if (read(pipe_ends[0], &byte, 1) != 1) _exit(3);
  });
  Ready();
  AwaitUsr1();
  lockcheck::event over;
  lockcheck::thread([&] { over.wait_for(milliseconds(50)); }).join();
  if (write(pipe_ends[1], "", 1) != 1) _exit(3);
  outside.join();
  g_posted.release();
  waits.join();
  if (g_asked_by_others != 0) std::fputs("asked\n", stderr);
}

// Takes a lock again and again, and never sleeps, while the watch looks, which
// it does every 500 ms. If other programs had the processor for so long, it is
// right to say that this one did not run.
void RunsBeside() {
  using Clock = std::chrono::steady_clock;
  Clock::duration longest_pause(0);
  Clock::time_point last = Clock::now();
  const Clock::time_point end = last + std::chrono::seconds(2);
  const auto note_pause = [&] {
    const Clock::time_point now = Clock::now();
    longest_pause = std::max(longest_pause, now - last);
    return last = now;
  };
  lockcheck::thread waits([] { g_posted.acquire(); });
  lockcheck::event over;
  lockcheck::thread joins([&] { over.wait(); });
  while (note_pause() < end) {
    const std::lock_guard needs(g_mutex);
    for (int turn = 0; turn < 1000; ++turn) __asm__ volatile("");
  }
  const bool asked_by_watch = g_asked_by_watch != 0;
  note_pause();
  if ((asked_by_watch && longest_pause < milliseconds(500)) ||
      g_asked_by_others != 0) {
    std::fputs("asked\n", stderr);
  }
  over.set();
  joins.join();
  g_posted.release();
  waits.join();
}

// The threads of this process.
int Threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

// Waits for nobody.
void JoinsTheEnded() {
  const int threads = Threads();
  lockcheck::thread ended([] {});
  while (Threads() != threads) std::this_thread::yield();
  ended.join();
  if (Threads() != threads) std::fputs("another thread\n", stderr);
}

// ---- Short waits ------------------------------------------------------------

// Mostly everybody waits, for the one who is being woken; one always does, and
// the watch is there.
void HandOvers() {
  lockcheck::thread waits([] { g_posted.acquire(); });
  for (int round = 0; round < 100; ++round) {
    Notice ping, pong;
    std::thread player([&] {
      for (int i = 0; i < 100; ++i) {
        ping.Take();
        NeedMutex();
        pong.Give();
      }
    });
    for (int i = 0; i < 100; ++i) {
      ping.Give();
      pong.Take();
    }
    std::async(std::launch::async, NeedMutex).get();
    player.join();
  }
  g_posted.release();
  waits.join();
}

constexpr Story kStories[] = {
    {"joins-beside", JoinsBeside},
    {"runs-beside", RunsBeside},
    {"joins-the-ended", JoinsTheEnded},
    {"join", Join},
    {"async", Async},
    {"condition", Condition},
    {"unknown-sleeper", UnknownSleeper},
    {"joins-the-idle", JoinsTheIdle},
    {"end-of-a-sleeper", EndOfASleeper},
    {"idle", Idle},
    {"joins-later", JoinsLater},
    {"in-poll", InPoll},
    {"in-read", InRead},
    {"in-sigwait", InSigwait},
    {"in-sleep", InSleep},
    {"in-timed-condition", InTimedCondition},
    {"joins-who-goes-on", JoinsWhoGoesOn},
    {"owner-sleeps", OwnerSleeps},
    {"hand-overs", HandOvers},
};

}  // namespace

// In the place of libc's, for the runtime too.
extern "C" int open(const char* path, int flags, ...) {
  constexpr char kThreads[] = "/proc/self/task";
  if (std::strncmp(path, kThreads, sizeof(kThreads) - 1) == 0) {
    ++(IsWatch() ? g_asked_by_watch : g_asked_by_others);
  }
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
