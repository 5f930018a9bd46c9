// Three services start, each in a thread of its own, and count down a latch
// when they are up. Main waits for that with the registry locked, and one of
// the services enters itself there before it is up; by luck it has done so
// already. With --fixed main waits first, and locks the registry after that.
#include <cstdio>
#include <cstring>
#include <latch>
#include <string>
#include <vector>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex registry("registry");
static lockcheck::latch services_are_up(3, "start-up");
static std::latch has_entered(1);  // the luck: lockcheck does not see it
static std::vector<std::string> entries;

static void StartStorage() { services_are_up.count_down(); }

static void StartClock() { services_are_up.count_down(); }

static void StartWebServer() {
  lockcheck::this_thread::set_name("web server");
  {
    const lockcheck::lock_guard guard(registry);
    entries.push_back("web server");
  }
  has_entered.count_down();
  services_are_up.count_down();
}

static void OpenUnderLock() {
  has_entered.wait();
  const lockcheck::lock_guard guard(registry);
  services_are_up.wait();
  std::printf("open, %zu service is registered\n", entries.size());
}

static void AwaitAndOpen() {
  services_are_up.wait();
  const lockcheck::lock_guard guard(registry);
  std::printf("open, %zu service is registered\n", entries.size());
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread storage(StartStorage);
  lockcheck::thread clock(StartClock);
  lockcheck::thread web_server(StartWebServer);
  fixed ? AwaitAndOpen() : OpenUnderLock();
  storage.join();
  clock.join();
  web_server.join();
}
