#include "tools/lockcheck/liveness.h"

#include <unistd.h>
#include <x86intrin.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace lockcheck::tools {

bool IsAlive(uint32_t pid, uint64_t start_time) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  // The program's name, field 2, stands in parentheses and may contain any.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  fields >> field;
  if (field == "Z" || field == "X") return false;  // dead, not yet waited for
  for (int i = 4; i <= 22; ++i) fields >> field;
  return !fields.fail() && field == std::to_string(start_time);
}

void FindWhoRuns(log::Recording& recording) {
  char host[256] = "";
  if (gethostname(host, sizeof(host) - 1) != 0) return;
  for (log::Process& process : recording.processes) {
    if (process.exited || process.replaced_by_exec) continue;
    if (process.pid == 0 || process.host != host) continue;
    const bool alive = IsAlive(process.pid, process.start_time);
    process.liveness = alive ? log::Liveness::kRunning : log::Liveness::kGone;
    if (alive) recording.now_ticks = __rdtsc();
  }
}

}  // namespace lockcheck::tools
