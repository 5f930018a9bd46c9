// A program that takes the log's descriptor away, as daemons do that close all
// they did not open.
//   descriptor_program SCENARIO LOG USER_FILE
// What each scenario must leave is said in descriptor_test.cc.

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "lockcheck/lockcheck.h"

namespace {

constexpr int kSections = 100'000;  // 400 KB of records
constexpr size_t kUserBytes = 1 << 20;

lockcheck::mutex first("first"), x("x"), last("last");

void Use(lockcheck::mutex& m) {
  m.lock();
  m.unlock();
}

std::vector<int> OpenDescriptors() {
  std::vector<int> all;
  DIR* const folder = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(folder)) {
    const int fd = atoi(entry->d_name);
    if (fd > 2 && fd != dirfd(folder)) all.push_back(fd);
  }
  closedir(folder);
  return all;
}

// Closes everything, and gives every number that was in use to `user_file`.
bool TakeOver(const char* user_file) {
  const std::vector<int> numbers = OpenDescriptors();
  if (numbers.empty()) return false;
  for (const int fd : numbers) close(fd);
  const int user = open(user_file, O_CREAT | O_TRUNC | O_RDWR, 0644);
  const std::string data(kUserBytes, 'U');
  if (user < 0 || write(user, data.data(), data.size()) !=
                      static_cast<ssize_t>(data.size())) {
    return false;
  }
  for (const int fd : numbers) {
    if (fd != user && dup2(user, fd) != fd) return false;
  }
  return true;
}

bool CloseAll() {
  const std::vector<int> numbers = OpenDescriptors();
  for (const int fd : numbers) close(fd);
  return !numbers.empty();
}

// Standard error is a pipe whose reader is gone, and there is something to say.
bool NobodyReads() {
  int ends[2];
  if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0) return false;
  close(ends[0]);
  close(ends[1]);
  x.unlock();  // misuse
  sigset_t pending;
  sigpending(&pending);
  if (sigismember(&pending, SIGPIPE)) return false;
  // What the program writes there itself ends it as ever.
  const pid_t child = fork();
  if (child == 0) _exit(write(STDERR_FILENO, "x", 1) == 1 ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE;
}

int GoOn() {
  for (int i = 0; i < kSections; ++i) Use(x);
  lockcheck::thread([] { Use(last); }).join();
  Use(last);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 90;
  const std::string scenario = argv[1];
  const char* const log = argv[2];
  const char* const user_file = argv[3];
  Use(first);
  if (scenario == "taken_over") return TakeOver(user_file) ? GoOn() : 1;
  if (scenario == "closed") return CloseAll() ? GoOn() : 1;
  if (scenario == "deleted") {
    return TakeOver(user_file) && unlink(log) == 0 ? GoOn() : 1;
  }
  // The block of the thread that has ended waits for the next one.
  if (scenario == "moved") {
    lockcheck::thread([] { Use(first); }).join();
    const std::string moved = std::string(log) + ".moved";
    return CloseAll() && rename(log, moved.c_str()) == 0 ? GoOn() : 1;
  }
  if (scenario == "deleted_few") {
    if (!TakeOver(user_file) || unlink(log) != 0) return 1;
    Use(x);
    return 0;
  }
  // The user's file even has the log's name.
  if (scenario == "replaced") {
    return TakeOver(user_file) && rename(user_file, log) == 0 ? GoOn() : 1;
  }
  if (scenario == "taken_over_in_child" || scenario == "deleted_in_child") {
    const pid_t child = fork();
    if (child == 0) {
      if (!TakeOver(user_file)) return 1;
      if (scenario == "deleted_in_child" && unlink(log) != 0) return 1;
      return GoOn();
    }
    int status = -1;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return 2;
    return GoOn();
  }
  if (scenario == "wait_after_closing") {
    if (!CloseAll()) return 1;
    char byte;
    printf("closed\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return GoOn();
  }
  if (scenario == "nobody_reads") return NobodyReads() ? GoOn() : 1;
  return 91;
}
