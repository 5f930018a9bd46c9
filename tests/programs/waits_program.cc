// What events, latches, barriers, futures and once_flags are waited for: each
// story is made by threads that order themselves, or stands still at its end.
//   waits_program STORY
// A story that stands prints "stands" before its last wait.
#include <lockcheck/lockcheck.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

lockcheck::mutex g_mutex("mutex");

void SayThatItStands() {
  std::puts("stands");
  std::fflush(stdout);
}

// ---- What can be waited for, as the stories need it -------------------------

struct Event {
  lockcheck::event it{"ready"};
  void End() { it.set(); }
  void Wait() { it.wait(); }
  bool WaitFor(auto duration) { return it.wait_for(duration); }
};

// ---- Stories ----------------------------------------------------------------

template <typename Waited>
void Stands() {
  static Waited waited;
  SayThatItStands();
  waited.Wait();
}

// Safe: it gives up, and leaves nothing.
template <typename Waited>
void TimesOut() {
  Waited waited;
  const std::lock_guard hold(g_mutex);
  if (waited.WaitFor(milliseconds(1))) std::puts("not as documented");
}

// Safe: who ends the wait needs nothing that the waiter has.
template <typename Waited>
void Ends() {
  Waited waited;
  lockcheck::thread other([&] {
    { const std::lock_guard hold(g_mutex); }
    waited.End();
  });
  waited.Wait();
  {
    const std::lock_guard hold(g_mutex);
    waited.Wait();
  }
  other.join();
}

// Who would end the wait needs what the waiter holds.
template <typename Waited>
void StandsHolding() {
  static Waited waited;
  static lockcheck::event held;
  lockcheck::thread other([] {
    held.wait();
    SayThatItStands();
    const std::lock_guard hold(g_mutex);
    waited.End();
  });
  const std::lock_guard hold(g_mutex);
  held.set();
  waited.Wait();
  other.join();
}

struct Story {
  const char* name;
  void (*tell)();
};
constexpr Story kStories[] = {
    {"event-stands", Stands<Event>},
    {"event-stands-holding", StandsHolding<Event>},
    {"event-times-out", TimesOut<Event>},
    {"event-ends", Ends<Event>},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (const Story& story : kStories) {
    if (std::strcmp(story.name, argv[1]) != 0) continue;
    story.tell();
    return 0;
  }
  return 2;
}
