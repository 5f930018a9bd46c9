// What `lockcheck confirm` asks of a program that it runs again: where threads
// are to be held back so that a deadlock that can happen does.
//
// A file that both have mapped. The command writes who is to meet whom; the
// program's processes count what came of it, which is there whatever ends them.
// It is made anew for each run and is no format that anybody keeps: both are of
// one version.
#ifndef LOCKCHECK_LIB_MODEL_STEER_H_
#define LOCKCHECK_LIB_MODEL_STEER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lockcheck::model {

inline constexpr uint64_t kSteerMagic = 0x336565747363636c;  // "lccstee3"
inline constexpr uint32_t kMostParties = 31;
inline constexpr uint32_t kNoParty = UINT32_MAX;

// An instruction: the last part of its module's path, cut to what fits, and the
// offset from the module's base. An empty name: none.
struct SteerPlace {
  char module[120];
  uint64_t offset;
};

// One actor's part in the cycle: it asks, at `asks`, for what the next party
// has. What it has itself it took at `took`; or it is its own end, which the
// party before wants to join.
struct SteerParty {
  SteerPlace asks;
  SteerPlace took;
  uint32_t joins;    // 1: what it asks for is the next one's end
  uint32_t is_main;  // 1: it is the main thread of its process; 0: it is not
  // ---- What came of it ----
  std::atomic<uint32_t> arrived;    // how often somebody was held back here
  std::atomic<uint32_t> gave_up;    // and the others did not come in time
  std::atomic<uint32_t> waited_ms;  // in all
};

struct SteerFile {
  uint64_t magic;
  int32_t command;  // its process id: what it starts is not to outlive it
  uint32_t parties;
  // Who is held back at `late_at`, before what it has or a lock outside of
  // that, until all others have come; kNoParty: nobody is.
  uint32_t late;
  SteerPlace late_at;
  uint32_t patience_ms;          // for which one is held back
  uint32_t budget_ms;            // for which those of one party are, in all
  std::atomic<uint32_t> met;     // how often all were there, and were let go
  std::atomic<uint32_t> places;  // sites of the program that are one of these
  SteerParty party[kMostParties];
};

}  // namespace lockcheck::model

#endif  // LOCKCHECK_LIB_MODEL_STEER_H_
