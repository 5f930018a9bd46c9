// The work: of the processor, of a server on the other side of a loopback
// connection that takes 2 ms for an answer, and of a disk, which keeps what was
// written when it says so.
#ifndef LOCKCHECK_SAMPLES_LEVELS_WORK_H_
#define LOCKCHECK_SAMPLES_LEVELS_WORK_H_

#include <cstdint>
#include <string>

#include "lockcheck/process.h"

namespace levels {

class Work {
 public:
  Work();
  ~Work();
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  // Some ms of the processor.
  void Compute() const;
  // A connection to the server, by its descriptor.
  int Connect() const;
  // A request, and the answer to it: the first does not block, the second does
  // until the answer is there.
  static void Ask(int connection);
  static void AwaitAnswer(int connection);
  // A small file, on the disk when it returns.
  void WriteDurably(int number) const;

 private:
  std::string folder_;
  uint16_t port_ = 0;
  lockcheck::process::child server_;
};

}  // namespace levels

#endif  // LOCKCHECK_SAMPLES_LEVELS_WORK_H_
