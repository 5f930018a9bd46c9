// What starting, switching, a message and memory cost, and which work is done
// sooner, with processes, threads and coroutines. docs/levels.md shows what it
// prints, and what follows from that.
#include <unistd.h>

#include <cstdio>

#include "samples/levels/numbers.h"
#include "samples/levels/work.h"

namespace levels {
namespace {

OneByOne MeasureOneByOne(Work& work) {
  const double cpu = LeastMicroseconds([&] {
    for (int i = 0; i < kWorkers; ++i) work.Compute();
  });
  const double network = LeastMicroseconds([&] {
    const int connection = work.Connect();
    for (int i = 0; i < kWorkers * kRounds; ++i) {
      Work::Ask(connection);
      Work::AwaitAnswer(connection);
    }
    close(connection);
  });
  const double disk = LeastMicroseconds([&] {
    for (int i = 0; i < kWorkers * kRounds; ++i) work.WriteDurably(i);
  });
  return {cpu, network, disk};
}

void Print(const Numbers& n) {
  std::printf("| %s |", n.level);
  for (const double cost :
       {n.start_us, n.switch_us, n.message_us, n.memory_kb}) {
    if (cost > 0) {
      std::printf(" %.2f |", cost);
    } else {
      std::printf(" |");  // it is what the row above says
    }
  }
  std::printf(" %.1f | %.1f | %.1f |\n", n.cpu, n.network, n.disk);
}

}  // namespace
}  // namespace levels

int main() {
  levels::Work work;
  const levels::OneByOne base = levels::MeasureOneByOne(work);
  std::printf(
      "one after the other: computing %.0f ms, network %.0f ms, disk %.0f ms\n",
      base.cpu_us / 1e3, base.network_us / 1e3, base.disk_us / 1e3);
  std::printf(
      "| level | start us | switch us | message us | memory KiB | computing x "
      "| "
      "network x | disk x |\n"
      "|---|---:|---:|---:|---:|---:|---:|---:|\n");
  levels::Print(levels::MeasureProcesses(work, base));
  levels::Print(levels::MeasureThreads(work, base));
  levels::Print(levels::MeasureCoroutines(work, base));
  levels::Print(levels::MeasureCoroutinesWithPool(work, base));
}
