// An interpreter's global lock, its release at I/O and at ticks, and what that
// means for a mutex: five steps, printed as they are taken.
//   gil_walk io       T1 lets the gil go to read a file
//   gil_walk ticks    T1 has run for 100 ticks
//
// What is printed is printed by who has the gil, so it comes in the order in
// which the log has it.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <span>
#include <thread>

#include "lockcheck/lockcheck.h"

namespace {

lockcheck::gil g_gil("gil");
lockcheck::mutex g_m("m");
int g_data = 0;  // written under both

void Say(const char* text) { std::printf("%s\n", text); }

// Everybody competes at a tick, on equal terms; here the other one wins.
size_t TheOther(std::span<const std::thread::id> threads) {
  const auto self = std::this_thread::get_id();
  return static_cast<size_t>(
      std::find_if(threads.begin(), threads.end(),
                   [&](std::thread::id id) { return id != self; }) -
      threads.begin());
}

void ReadAFile() {
  std::ifstream file("/dev/zero");
  char byte;
  file.get(byte);
}

void One(bool io) LOCKCHECK_REQUIRES(g_gil) {
  while (!g_gil.is_waited_for()) std::this_thread::yield();
  g_gil.lock(g_m);
  Say("1  T1 has the gil and takes m; it has not written yet");
  if (io) {
    Say("2  T1 reads a file and lets the gil go for that; it still has m");
    const lockcheck::gil::release_scope reading(g_gil);
    ReadAFile();
  } else {
    Say("2  T1 has run for 100 ticks and lets the gil go; it still has m");
    for (int i = 0; i < lockcheck::gil::kCheckInterval; ++i) g_gil.tick();
  }
  g_data = 1;
  g_m.unlock();
  Say("5  T1 has the gil again, writes, and unlocks m");
}

void Two(bool io) {
  const lockcheck::lock_guard gil(g_gil);
  Say(io ? "3  T2 certainly gets the gil, for T1 does not compete"
         : "3  T1 and T2 compete equally; T2 gets the gil");
  Say("4  T2 asks for m, cannot have it, and lets the gil go");
  g_gil.lock(g_m);
  g_data = 2;
  g_m.unlock();
  Say("   T2 has m and the gil, and writes");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 ||
      (std::strcmp(argv[1], "io") != 0 && std::strcmp(argv[1], "ticks") != 0)) {
    std::fprintf(stderr, "usage: gil_walk io|ticks\n");
    return 2;
  }
  const bool io = std::strcmp(argv[1], "io") == 0;
  g_gil.set_arbiter(TheOther);
  g_gil.lock();
  lockcheck::this_thread::set_name("T1");
  lockcheck::thread two([&] {
    lockcheck::this_thread::set_name("T2");
    Two(io);
  });
  One(io);
  g_gil.unlock();
  two.join();
  std::printf("data is %d\n", g_data);
}
