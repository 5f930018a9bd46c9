// How fast the scan reads a log, and what memory it takes.
//
//   scan_bench [MILLIONS_OF_EVENTS...]      default: 1 10 100
//
// The log is made here: 1,000 locks, 8 actors, every other section with one
// nested in it (from four partners of its lock, in consistent order), 5 %
// hand-overs, one section in 16 timed, one acquisition in 1,000 blocked. It is
// the file a recording of such a program leaves, record forms included, only
// with invented times. Every measurement runs in a process of its own. An
// acquisition and a release are an event each.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "lib/analysis/statistics.h"
#include "lib/log/format.h"
#include "lib/log/recording.h"

namespace lockcheck {
namespace {

using log::Op;
using log::ShortOp;

constexpr uint32_t kLocks = 1000;
constexpr uint32_t kActors = 8;
constexpr uint32_t kSites = 24;
constexpr uint64_t kStartTicks = 1'000'000;

// One actor's stream, block after block into the file.
class StreamWriter {
 public:
  StreamWriter(std::FILE* file, uint64_t& next_block, uint32_t actor)
      : file_(file), next_block_(next_block), actor_(actor), random_(actor) {
    BeginBlock();
    Record(Op::kBegin, actor == 1 ? 0 : static_cast<uint32_t>(1),
           {actor == 1 ? 0u : 1u, 1000 + actor, Low(now_), High(now_)});
    if (actor == 1) Define();
  }

  // One section, every second with one more inside. Returns its events.
  uint64_t Section() {
    const auto lock = static_cast<uint32_t>(random_() % kLocks);
    const uint32_t site = log::kFirstSite + lock % (kSites / 3) * 3;
    now_ += 100;
    Room(64);
    MaybeWait(lock, site);
    if (random_() % 2 == 0) {
      Plain(lock, site, false);
      return 2;
    }
    const bool timed = random_() % 16 == 0;
    const bool handed_over = random_() % 20 == 0;
    if (timed) {
      std::vector<uint32_t> p = {lock + 1, site + 1};
      if (handed_over) p.push_back(++handovers_);
      p.insert(p.end(), {Low(now_), High(now_)});
      Record(Op::kAcquire,
             log::kFlagStart | (handed_over ? uint32_t{log::kFlagHandover} : 0),
             p);
    } else if (handed_over) {
      Word(log::Pack(log::kOpenHandover, lock + 1, site + 1));
      Word(++handovers_);
    } else {
      Word(log::Pack(log::kOpen, lock + 1, site + 1));
    }
    now_ += 50;
    const auto partner = static_cast<uint32_t>(
        std::min<uint64_t>(lock + 1 + random_() % 4 * 7, kLocks + 40));
    Plain(partner, site + 2, !timed);
    if (timed) {
      now_ += 30;
      Record(Op::kRelease, log::kFlagEnd, {0, Low(now_), High(now_)});
    }
    return 4;
  }

  void End() {
    Room(64);
    Record(Op::kEnd, 0, {Low(now_), High(now_), 0, 0, 0, 0});
    if (actor_ == 1) {
      const uint64_t elapsed = now_ - kStartTicks;
      Record(Op::kExit, 0,
             {Low(now_), High(now_), Low(elapsed), High(elapsed), 0, 0, 0, 0});
    }
    FinishBlock();
  }

 private:
  static uint32_t Low(uint64_t v) { return static_cast<uint32_t>(v); }
  static uint32_t High(uint64_t v) { return static_cast<uint32_t>(v >> 32); }
  void Word(uint32_t word) { words_.push_back(word); }
  void Record(Op op, uint32_t arg, const std::vector<uint32_t>& payload) {
    Word(log::Extended(op, static_cast<uint32_t>(payload.size()) + 1, arg));
    words_.insert(words_.end(), payload.begin(), payload.end());
  }
  void Text(std::vector<uint32_t>& p, const std::string& text) {
    p.push_back(static_cast<uint32_t>(text.size()));
    const size_t at = p.size();
    p.resize(at + (text.size() + 3) / 4);
    std::memcpy(p.data() + at, text.data(), text.size());
  }

  void Plain(uint32_t lock, uint32_t site, bool then_close) {
    const uint64_t chance = random_() % 320;
    if (chance < 20) {  // one in 16
      const uint64_t start = now_, length = 20 + random_() % 1000;
      const uint32_t gap = log::EncodeTicks(start - stamp_);
      stamp_ += log::DecodeTicks(gap);
      Word(log::Pack(log::kTimed, lock + 1, site + 1));
      Word(gap | log::EncodeTicks(length) << 16);
      now_ += length;
    } else if (chance < 36) {  // one in 20
      Word(log::Pack(log::kSectionHandover, lock + 1, site + 1));
      Word(++handovers_);
    } else {
      Word(log::Pack(then_close ? log::kSectionThenClose : log::kSection,
                     lock + 1, site + 1));
      return;
    }
    if (then_close) Word(log::kClose);
  }

  void MaybeWait(uint32_t lock, uint32_t site) {
    if (random_() % 1000 != 0) return;
    const auto owner = static_cast<uint32_t>(1 + random_() % kActors);
    Record(Op::kBlock, 0,
           {lock + 1, site + 1, owner, site + 2, Low(now_), High(now_)});
    now_ += 500 + random_() % 5000;
    Record(Op::kUnblock, 0, {Low(now_), High(now_)});
  }

  void Define() {
    std::vector<uint32_t> p = {1, 4242, 0, 77, 0};
    for (const char* text : {"", "/bench/scan", "scan", "host"}) Text(p, text);
    Record(Op::kDefProcess, 0, p);
    for (uint32_t site = 0; site < kSites + 8; ++site) {
      Room(64);
      Record(Op::kDefSite, 0, {log::kFirstSite + site, 1, 0x1000 + site, 0});
    }
    for (uint32_t lock = 0; lock < kLocks + 50; ++lock) {
      Room(64);
      Record(Op::kDefObject, 1, {lock + 1, 0, log::kFirstSite, lock, 0, 0});
    }
    for (uint32_t child = 2; child <= kActors; ++child) {
      Room(64);
      Record(Op::kFork, 0, {child, Low(now_), High(now_)});
    }
    Record(Op::kNote, 3, {1, 0});
    Record(Op::kNote, 4, {16, 0});
  }

  void Room(size_t words) {
    if (words_.size() + words <= log::kBlockWords - log::kHeaderWords) return;
    FinishBlock();
    BeginBlock();
  }
  void BeginBlock() {
    words_.clear();
    stamp_ = now_;
    const uint64_t elapsed = now_ - kStartTicks;
    Record(Op::kSegment, 0,
           {actor_, 1, segment_++, Low(now_), High(now_), Low(elapsed),
            High(elapsed), 0});
  }
  void FinishBlock() {
    words_.resize(log::kBlockWords - log::kHeaderWords);
    log::BlockHeader header = {};
    header.magic = log::kBlockMagic;
    header.kind = log::BlockKind::kSealed;
    header.claim = next_block_++;
    header.checksum = log::Checksum(words_.data(), words_.size());
    std::fwrite(&header, sizeof header, 1, file_);
    std::fwrite(words_.data(), sizeof(uint32_t), words_.size(), file_);
  }

  std::FILE* file_;
  uint64_t& next_block_;
  uint32_t actor_;
  std::minstd_rand random_;
  std::vector<uint32_t> words_;
  uint64_t now_ = kStartTicks, stamp_ = 0;
  uint32_t segment_ = 0, handovers_ = 0;
};

void WriteFileHeader(std::FILE* file, uint64_t next_block) {
  std::vector<char> block(log::kBlockSize);
  log::FileHeader h = {};
  std::memcpy(h.magic, log::kMagic, sizeof h.magic);
  h.major_version = log::kMajorVersion;
  h.block_size = log::kBlockSize;
  h.start_ticks = kStartTicks;
  h.next_block = next_block;
  std::memcpy(block.data(), static_cast<const void*>(&h), sizeof h);
  std::rewind(file);
  std::fwrite(block.data(), 1, block.size(), file);
}

uint64_t WriteLog(const std::string& path, uint64_t events) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) {
    std::perror(path.c_str());
    std::exit(1);
  }
  WriteFileHeader(file, 1);
  uint64_t next_block = 1, written = 0;
  std::vector<StreamWriter> streams;
  for (uint32_t a = 1; a <= kActors; ++a) {
    streams.emplace_back(file, next_block, a);
  }
  // A hundred sections each in turn, so that the actors' blocks alternate.
  for (size_t i = 0; written < events; ++i) {
    for (int k = 0; k < 100; ++k) written += streams[i % kActors].Section();
  }
  for (StreamWriter& stream : streams) stream.End();
  WriteFileHeader(file, next_block);
  std::fclose(file);
  return written;
}

double Now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Of the calling thread, which is all of a scan with one thread; unlike the
// clock it does not run while others have the processor.
double CpuNow() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) * 1e-9;
}

// Private memory in KiB: the mapped log is the page cache's, not ours.
uint64_t PrivateKiB() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "RssAnon:") continue;
    uint64_t kib = 0;
    status >> kib;
    return kib;
  }
  return 0;
}

struct Peak {
  uint64_t kib = 0;
  static void Look(double, void* data) {
    uint64_t& kib = static_cast<Peak*>(data)->kib;
    kib = std::max(kib, PrivateKiB());
  }
};

struct Measured {
  double open_seconds = 0, scan_seconds = 1e9, cpu_seconds = 1e9;
  uint64_t events = 0, dependencies = 0, peak_kib = 0, result_kib = 0;
};

// Best of `rounds`; memory in a round of its own, as looking costs time.
Measured MeasureHere(const std::string& path, unsigned threads, int rounds) {
  Measured m;
  double start = Now();
  auto recording = log::Recording::Open(path);
  if (!recording.ok()) {
    std::fprintf(stderr, "%s\n", recording.status().ToString().c_str());
    std::exit(1);
  }
  m.open_seconds = Now() - start;
  Peak peak;
  {
    const analysis::ScanOptions options = {
        .threads = threads, .progress = &Peak::Look, .progress_data = &peak};
    const analysis::ScanResult result = analysis::Scan(**recording, options);
    Peak::Look(1, &peak);
    m.events = result.statistics.events;
    m.dependencies = result.observations.dependencies.size();
  }
  m.peak_kib = peak.kib;
  for (int i = 0; i < rounds; ++i) {
    start = Now();
    const double cpu_start = CpuNow();
    const auto result = analysis::Scan(**recording, {.threads = threads});
    m.cpu_seconds = std::min(m.cpu_seconds, CpuNow() - cpu_start);
    m.scan_seconds = std::min(m.scan_seconds, Now() - start);
  }
  return m;
}

Measured Measure(const std::string& path, unsigned threads, int rounds) {
  auto* const shared = static_cast<Measured*>(
      mmap(nullptr, sizeof(Measured), PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (shared == MAP_FAILED) std::exit(1);
  const pid_t child = fork();
  if (child == 0) {
    *shared = MeasureHere(path, threads, rounds);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) std::exit(1);
  const Measured m = *shared;
  munmap(shared, sizeof(Measured));
  return m;
}

void Row(const std::string& path, uint64_t millions) {
  WriteLog(path, millions * 1'000'000);
  std::ifstream file(path, std::ios::ate | std::ios::binary);
  const auto bytes = static_cast<double>(file.tellg());
  const int rounds = millions >= 100 ? 5 : 15;
  const Measured one = Measure(path, 1, rounds);
  const Measured two = Measure(path, 2, rounds);
  const auto events = static_cast<double>(one.events);
  std::printf("%9.1f %7.2f %8.1f %8.1f %8.1f %6.2f %8.2f %9.1f %9.1f %7llu\n",
              events / 1e6, bytes / events, events / one.cpu_seconds / 1e6,
              events / one.scan_seconds / 1e6, events / two.scan_seconds / 1e6,
              one.scan_seconds / two.scan_seconds, one.open_seconds,
              static_cast<double>(one.peak_kib) / 1024,
              static_cast<double>(two.peak_kib) / 1024,
              static_cast<unsigned long long>(one.dependencies));
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  std::vector<uint64_t> sizes;
  for (int i = 1; i < argc; ++i) {
    sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  }
  if (sizes.empty()) sizes = {1, 10, 100};
  const std::string path = "scan_bench." + std::to_string(getpid()) + ".log";
  std::printf("%9s %7s %8s %8s %8s %6s %8s %9s %9s %7s\n", "M events",
              "B/event", "M/s, cpu", "M/s, 1", "M/s, 2", "ratio", "open s",
              "MiB, 1", "MiB, 2", "deps");
  for (uint64_t millions : sizes) Row(path, millions);
  unlink(path.c_str());
  return 0;
}

}  // namespace
}  // namespace lockcheck

int main(int argc, char** argv) { return lockcheck::Main(argc, argv); }
