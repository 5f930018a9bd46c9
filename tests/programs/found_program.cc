// Waits whose predicate holds at once, so that nobody waits. The name of each
// condition says what is particular.
#include <lockcheck/lockcheck.h>

#include <chrono>
#include <mutex>
#include <stop_token>

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

lockcheck::mutex g_mutex("mutex"), g_outer("outer");

bool Holds() { return true; }

steady_clock::time_point InAnHour() { return steady_clock::now() + hours(1); }

// All at one place.
[[gnu::noinline]] void WaitAt(lockcheck::condition_variable& condition) {
  std::unique_lock lock(g_mutex);
  condition.wait(lock, Holds);
}

void EachWay() {
  std::unique_lock lock(g_mutex);
  lockcheck::condition_variable blocking("blocking"), timed("timed");
  blocking.wait(lock, Holds);
  timed.wait_for(lock, hours(1), Holds);
  timed.wait_until(lock, InAnHour(), Holds);
  lockcheck::condition_variable_any any_blocking("any blocking"),
      any_timed("any timed");
  const std::stop_source source;
  any_blocking.wait(lock, Holds);
  any_blocking.wait(lock, source.get_token(), Holds);
  any_timed.wait_for(lock, hours(1), Holds);
  any_timed.wait_until(lock, InAnHour(), Holds);
  any_timed.wait_for(lock, source.get_token(), hours(1), Holds);
  any_timed.wait_until(lock, source.get_token(), InAnHour(), Holds);
}

void Again() {
  lockcheck::condition_variable again("again");
  for (int i = 0; i < 3; ++i) WaitAt(again);
}

void OtherPlace() {
  lockcheck::condition_variable other("other place");
  WaitAt(other);
  std::unique_lock lock(g_mutex);
  other.wait(lock, Holds);
}

void OtherLocks() {
  lockcheck::condition_variable other("other locks");
  for (int i = 0; i < 3; ++i) {
    WaitAt(other);
    const std::lock_guard outer(g_outer);
    WaitAt(other);
  }
}

void OtherThread() {
  lockcheck::condition_variable other("other thread");
  for (int i = 0; i < 2; ++i) {
    lockcheck::thread([&] {
      WaitAt(other);
      WaitAt(other);
    }).join();
  }
}

// It does wait.
void NotAtOnce() {
  std::unique_lock lock(g_mutex);
  lockcheck::condition_variable waited("not at once");
  int looks = 0;
  waited.wait_for(lock, milliseconds(1), [&] { return ++looks == 2; });
}

// It would not have waited.
void Stopped() {
  std::unique_lock lock(g_mutex);
  lockcheck::condition_variable_any stopped("stopped");
  std::stop_source source;
  source.request_stop();
  stopped.wait(lock, source.get_token(), Holds);
}

}  // namespace

int main() {
  EachWay();
  Again();
  OtherPlace();
  OtherLocks();
  OtherThread();
  NotAtOnce();
  Stopped();
}
