// Settings are read by whoever asks for them first, and reading them is logged;
// and who writes to the log has it locked, and asks the settings how. So a
// once_flag and a lock are taken in both orders, and by luck the settings had
// been read when somebody asked with the log locked. With --fixed the log asks
// before it is locked.
#include <cstdio>
#include <cstring>
#include <latch>

#include "lockcheck/lockcheck.h"

static lockcheck::once_flag settings_read("settings");
static lockcheck::mutex log_lock("log");
static std::latch has_read(1);  // the luck: lockcheck does not see it
static const char* prefix = "";

static void ReadSettings() {
  prefix = "> ";
  const lockcheck::lock_guard guard(log_lock);
  std::printf("%ssettings read\n", prefix);
}

static const char* Prefix() {
  lockcheck::call_once(settings_read, ReadSettings);
  return prefix;
}

static void LogAskingUnderLock(const char* text) {
  const lockcheck::lock_guard guard(log_lock);
  std::printf("%s%s\n", Prefix(), text);
}

static void AskAndLog(const char* text) {
  const char* const before = Prefix();
  const lockcheck::lock_guard guard(log_lock);
  std::printf("%s%s\n", before, text);
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread first([] {
    Prefix();
    has_read.count_down();
  });
  lockcheck::thread second([&] {
    has_read.wait();
    fixed ? AskAndLog("hello") : LogAskingUnderLock("hello");
  });
  first.join();
  second.join();
}
