// How many bytes of log an acquisition or a release costs, and how much memory
// recording takes.
//
//   bytes_per_event          prints both, as two markdown tables
//   bytes_per_event WORK     does the work and nothing else (it starts itself
//                            so, once for each kind of work and each timing)
//
// What counts are the blocks of the file, the unused part of the last block of
// each thread left out: a long recording has no such part. Definitions of
// objects, sites and stacks count.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "lib/log/recording.h"
#include "lockcheck/lockcheck.h"

namespace lockcheck::bench {
namespace {

constexpr int kEvents = 2'000'000;
constexpr size_t kLocks = 1000;

void Single() {
  lockcheck::mutex mutex;
  for (int i = 0; i < kEvents / 2; ++i) lockcheck::lock_guard hold(mutex);
}

void Nested() {
  lockcheck::mutex outer, inner;
  for (int i = 0; i < kEvents / 4; ++i) {
    lockcheck::lock_guard first(outer);
    lockcheck::lock_guard second(inner);
  }
}

// Two threads take turns on two locks, two sections a turn: the first of the
// two is handed over by the other thread, the second is not.
void HandOver() {
  lockcheck::mutex mutexes[2];
  std::atomic<int> turn{0};
  const auto work = [&](int me) {
    for (int mine = me; mine < kEvents / 4; mine += 2) {
      while (turn.load(std::memory_order_acquire) != mine) sched_yield();
      lockcheck::mutex& mutex = mutexes[mine / 2 % 2];
      for (int i = 0; i < 2; ++i) lockcheck::lock_guard hold(mutex);
      turn.store(mine + 1, std::memory_order_release);
    }
  };
  lockcheck::jthread first(work, 0), second(work, 1);
}

template <typename Mutex, typename Guard>
void ThousandLocks() {
  std::vector<Mutex> locks(kLocks);
  std::mt19937 random(1);
  for (int i = 0; i < kEvents / 4; ++i) {
    const size_t low = random() % (kLocks - 1);
    const size_t high = low + 1 + random() % (kLocks - 1 - low);
    Guard first(locks[low]);
    Guard second(locks[high]);
  }
}

// Bytes resident now.
uint64_t Resident() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

struct Kind {
  const char* name;
  const char* title;
  void (*work)();
  double most, most_timed;  // PERFORMANCE goals, bytes an event
};

constexpr Kind kKinds[] = {
    {"single", "one lock at a time", &Single, 2.2, 5},
    {"nested", "two nested", &Nested, 3, 5},
    {"hand-over", "half the sections handed over", &HandOver, 4, 5},
    {"thousand", "1,000 locks in pairs",
     &ThousandLocks<lockcheck::mutex, lockcheck::lock_guard<lockcheck::mutex>>,
     3.5, 5},
};

// Runs this program on `work` in a process of its own; false if that failed.
bool RunApart(const std::string& work, const std::string& options) {
  const pid_t pid = fork();
  if (pid == 0) {
    setenv("LOCKCHECK_OPTIONS", options.c_str(), 1);
    unsetenv("LOCKCHECK_RECORDING");
    execl("/proc/self/exe", "bytes_per_event", work.c_str(), nullptr);
    _exit(127);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Bytes of the log's used blocks.
uint64_t BytesOf(const log::Recording& recording) {
  std::map<uint64_t, uint64_t> blocks;  // number -> bytes
  for (const log::Actor& actor : recording.actors) {
    for (const log::Segment& segment : actor.segments) {
      if (!segment.hot) {
        blocks[segment.block] = log::kBlockSize;
        continue;
      }
      log::RecordVisitor nobody;
      const size_t words = log::DecodeSegment(segment.words, nobody).words;
      uint64_t& bytes = blocks[segment.block];
      if (bytes == 0) bytes = sizeof(log::BlockHeader);
      bytes += words * sizeof(uint32_t);
    }
  }
  uint64_t sum = 0;
  for (const auto& [number, bytes] : blocks) sum += bytes;
  return sum;
}

double BytesPerEvent(const Kind& kind, const std::string& path,
                     const char* timing) {
  if (!RunApart(kind.name, "log=" + path + ":timing=" + timing)) return -1;
  auto recording = log::Recording::Open(path);
  if (!recording.ok()) {
    std::fprintf(stderr, "bytes_per_event: %s\n",
                 std::string(recording.status().message()).c_str());
    return -1;
  }
  const double bytes = static_cast<double>(BytesOf(**recording)) / kEvents;
  recording->reset();
  std::filesystem::remove(path);
  return bytes;
}

bool PrintBytes(const std::string& path) {
  std::printf(
      "| bytes of log per acquisition or release | default | goal | "
      "timing=full | goal |\n|---|---:|---:|---:|---:|\n");
  bool all = true;
  for (const Kind& kind : kKinds) {
    const double sampled = BytesPerEvent(kind, path, "sampled");
    const double full = BytesPerEvent(kind, path, "full");
    all = all && sampled > 0 && full > 0;
    std::printf("| %s | %.2f | %.1f | %.2f | %.0f |\n", kind.title, sampled,
                kind.most, full, kind.most_timed);
  }
  return all;
}

// What the child prints is one number on standard output.
bool PrintMemory(const std::string& path) {
  std::printf("\n| memory, 1,000 locks | KiB resident |\n|---|---:|\n");
  std::fflush(stdout);
  const bool all = RunApart("memory-plain", "mode=off") &&
                   RunApart("memory", "mode=off") &&
                   RunApart("memory", "log=" + path);
  std::filesystem::remove(path);
  return all;
}

int Memory(const char* name) {
  std::printf("| %s | %llu |\n", name,
              static_cast<unsigned long long>(Resident() / 1024));
  return 0;
}

int Work(const std::string& work) {
  for (const Kind& kind : kKinds) {
    if (work == kind.name) return kind.work(), 0;
  }
  if (work == "memory-plain") {
    ThousandLocks<std::mutex, std::lock_guard<std::mutex>>();
    return Memory("std");
  }
  if (work == "memory") {
    kKinds[std::size(kKinds) - 1].work();
    const char* options = std::getenv("LOCKCHECK_OPTIONS");
    const bool off = options != nullptr && std::string(options) == "mode=off";
    return Memory(off ? "lockcheck, mode=off" : "lockcheck, recording");
  }
  std::fprintf(stderr, "bytes_per_event: unknown work '%s'\n", work.c_str());
  return 2;
}

int Main(int argc, char** argv) {
  if (argc > 1) return Work(argv[1]);
  const std::string path =
      (std::filesystem::temp_directory_path() /
       ("bytes_per_event." + std::to_string(getpid()) + ".log"))
          .string();
  return PrintBytes(path) && PrintMemory(path) ? 0 : 1;
}

}  // namespace
}  // namespace lockcheck::bench

int main(int argc, char** argv) { return lockcheck::bench::Main(argc, argv); }
