// How much memory a process has for itself, in KiB.
#ifndef LOCKCHECK_SAMPLES_LEVELS_MEMORY_H_
#define LOCKCHECK_SAMPLES_LEVELS_MEMORY_H_

#include <fstream>
#include <string>

namespace levels {

inline double OwnMemoryKb(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  double total = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Private_")) {
      total += std::stod(line.substr(line.find(':') + 1));
    }
  }
  return total;
}

}  // namespace levels

#endif  // LOCKCHECK_SAMPLES_LEVELS_MEMORY_H_
