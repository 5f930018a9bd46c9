// What the runtime keeps per process: the log, the options, the free threads.
//
// Threading: the fields that change after initialization are atomic, or guarded
// by ProcessLock.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_H_

#include <signal.h>

#include <atomic>
#include <cstdint>

#include "instrument/runtime/options.h"
#include "instrument/runtime/pages.h"
#include "instrument/runtime/reporter.h"
#include "instrument/runtime/saying.h"
#include "instrument/runtime/thread.h"
#include "lib/log/writer.h"
#include "lockcheck/internal/short_lock.h"

namespace lockcheck::runtime {

// In a page of its own that fork() gives to the child as zeros: the child finds
// the lock free and the list empty whatever its parent's threads were doing.
struct ForkPage {
  static constexpr size_t kOwnTids = 8;
  std::atomic<uint32_t> lock;
  std::atomic<uint32_t> process;      // this process's id; 0: not yet known
  bool described;                     // kDefProcess was written
  uint32_t described_by;              // the actor whose first segment has it
  std::atomic<uint32_t> first_actor;  // of this process; 0: none yet
  Thread* free_threads;
  Thread* all_threads;
  Reports reports;
  Sayings sayings;
  // The runtime's own threads that run; one that finds no room is as any other.
  std::atomic<uint32_t> own_tids[kOwnTids];
  std::atomic<uint32_t> watch;        // see quiescence.cc
  std::atomic<const Thread*> runs;    // who was seen not to wait, last
  internal::ShortLock coroutines;     // see held_across.h, also the next one
  std::atomic<uint32_t> held_across;  // how many coroutines are known there
  class Meeting* meetings;            // see steer.h
};
static_assert(sizeof(ForkPage) <= 4096);

extern log::Writer g_writer;
extern Options g_options;
extern ForkPage* g_fork_page;
extern uint32_t g_parent_process;  // id of this process before the last fork
extern char g_log_path[kMaxPath];
// This process made its log, and lockcheck_default_options() said where.
extern bool g_log_by_default;

// Guards ForkPage's lists. Signals are blocked while it is held, so a handler
// never waits for the thread it interrupted. Held for microseconds; with
// hot=memory at exit while every thread's block is written.
class ProcessLock {
 public:
  ProcessLock();
  ~ProcessLock();
  ProcessLock(const ProcessLock&) = delete;
  ProcessLock& operator=(const ProcessLock&) = delete;

 private:
  sigset_t saved_;
};

// Reads the options, finds or makes the runtime of this process, opens the log.
// Idempotent; called by the first constructor or the first lock operation.
void Initialize();

// Takes an id from one of the log header's counters.
inline uint32_t NewId(std::atomic<uint32_t> log::FileHeader::*counter) {
  return (g_writer.header()->*counter).fetch_add(1, std::memory_order_relaxed);
}

// Says once that recording has stopped, and why.
void SayStopped();

// ---- Memory -----------------------------------------------------------------
// A set of 64-bit keys that only grows; any threads, no lock. Insert returns
// true if the key was not there, or memory is out. Key 0 is not allowed.
class GrowingSet {
 public:
  constexpr GrowingSet() = default;
  bool Insert(uint64_t key) { return InsertValue(key, 0, nullptr); }
  // With a value: if the key is there, stores its value into `present`.
  bool InsertValue(uint64_t key, uint32_t value, uint32_t* present);
  bool Find(uint64_t key, uint32_t* value) const;

 private:
  struct Node {
    uint64_t key;
    uint32_t value;
    Node* next;
  };
  static const Node* FindFrom(const Node* first, uint64_t key);
  static constexpr size_t kHeads = 4096;
  static size_t HeadOf(uint64_t key) {
    return (key * 0x9e3779b97f4a7c15ull) >> 52;
  }
  std::atomic<Node*> heads_[kHeads] = {};
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_H_
