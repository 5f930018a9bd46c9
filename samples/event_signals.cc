// Two things that an event is good for:
//   event_signals gun      all runners wait, and one set() lets them all go
//   event_signals light    cars pass while the light is set; a set() lets go
//                          those who wait, even if clear() follows at once
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "lockcheck/lockcheck.h"

namespace {

void Race() {
  constexpr int kRunners = 5;
  lockcheck::event gun("starting gun");
  lockcheck::latch at_the_start(kRunners, "at the start");
  std::atomic<int> away{0};
  std::vector<lockcheck::thread> runners;
  for (int i = 0; i < kRunners; ++i) {
    runners.emplace_back([&] {
      at_the_start.count_down();
      gun.wait();
      ++away;
    });
  }
  at_the_start.wait();
  std::printf("%d runners at the start, %d away\n", kRunners, away.load());
  gun.set();
  for (lockcheck::thread& runner : runners) runner.join();
  std::printf("bang: %d away\n", away.load());
}

// What a program has no business to know: here it makes sure that who should
// wait does so.
bool IsAsleep(pid_t tid) {
  std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/stat");
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  const size_t end_of_name = line.rfind(')');
  return end_of_name != std::string::npos &&
         line.compare(end_of_name, 3, ") S") == 0;
}

class Car {
 public:
  // Returns when the car waits at the light.
  explicit Car(lockcheck::event& light)
      : thread_([this, &light] {
          tid_ = static_cast<pid_t>(syscall(SYS_gettid));
          light.wait();
        }) {
    while (tid_ == 0 || !IsAsleep(tid_)) std::this_thread::yield();
  }
  void Pass() { thread_.join(); }

 private:
  std::atomic<pid_t> tid_{0};
  lockcheck::thread thread_;
};

void Drive() {
  lockcheck::event light("light");
  {
    Car first(light), second(light);
    std::puts("red: cars 1 and 2 wait");
    light.set();
    first.Pass();
    second.Pass();
    std::puts("green: cars 1 and 2 pass");
  }
  light.wait();
  std::puts("still green: car 3 does not even stop");
  light.clear();
  Car fourth(light);
  std::puts("red: car 4 waits");
  light.set();
  light.clear();
  fourth.Pass();
  std::puts("green and red at once: car 4 passes");
  if (!light.wait_for(std::chrono::seconds(0))) {
    std::puts("red: car 5 turns round");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "gun") == 0) {
    Race();
  } else if (argc == 2 && std::strcmp(argv[1], "light") == 0) {
    Drive();
  } else {
    std::fprintf(stderr, "usage: event_signals gun|light\n");
    return 2;
  }
}
