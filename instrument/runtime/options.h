// LOCKCHECK_OPTIONS: "key=value:key=value", parsed without allocation, once,
// before main.
//
// One table names every key; help=1, docs/options.md and the parser read it.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_OPTIONS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_OPTIONS_H_

#include <cstddef>
#include <cstdint>

namespace lockcheck::runtime {

enum class RunModeOption : uint8_t { kUnset, kOff, kRecord, kLive };
enum class OnDeadlock : uint8_t { kReport, kAbort, kThrow };
enum class Timing : uint8_t { kOff, kSampled, kFull };

inline constexpr size_t kMaxPath = 4096;

struct Options {
  RunModeOption mode = RunModeOption::kUnset;
  char log[kMaxPath] = "";  // as given, not expanded; empty: default
  uint64_t max_log = 0;     // bytes, 0: no bound
  uint64_t ring = 0;        // bytes, 0: keep everything
  Timing timing = Timing::kSampled;
  bool volatile_hot = false;
  OnDeadlock on_deadlock = OnDeadlock::kReport;
  uint32_t stall = 0;         // seconds, 0: nobody watches
  uint32_t quiescence = 250;  // milliseconds, 0: nobody looks
  uint32_t long_run = 10;     // milliseconds, 0: nobody looks
  uint32_t exit_code = 0;     // 0: the program's own
  char command[kMaxPath] = "lockcheck";
  char suppressions[kMaxPath] = "";
  char baseline[kMaxPath] = "";
  char steer[kMaxPath] = "";
};

struct OptionRow {
  const char* key;
  const char* values;
  const char* meaning;
};

inline constexpr OptionRow kOptionRows[] = {
    {"log", "PATH",
     "write the log there; %p is the pid, %e the program, %h the host, %% a "
     "percent sign (default lockcheck.%e.%p.log); turns recording on"},
    {"mode", "off|record|live",
     "off: plain locks; record: write a log; live: report on stderr what can "
     "or does deadlock, with no log (default: record if log= is given, else "
     "live)"},
    {"timing", "sampled|full|off",
     "which holds are timed: about one in 32 of a thread's first, later in "
     "64; every one; none (waits are always timed)"},
    {"max_log", "SIZE",
     "stop recording when the log has this size (bytes, or with k, M, G)"},
    {"ring", "SIZE",
     "keep only about the last SIZE of each recording (flight recorder)"},
    {"hot", "file|memory",
     "memory: for file systems that cannot promise space; records not yet "
     "written out do not survive kill -9"},
    {"on_deadlock", "report|abort|throw",
     "what to do about threads that wait for each other: say so; and abort; "
     "and "
     "throw std::system_error in the one that closed the cycle"},
    {"exitcode", "1..255",
     "the exit status of a program that ends with 0 and had deadlocks or "
     "misuse, with mode=live also lock orders that can deadlock (default: it "
     "stays 0)"},
    {"stall", "1..86400",
     "print who holds what and who waits for whom when a thread has waited so "
     "long for a lock or another thread's end (default: only when SIGTERM or "
     "SIGQUIT ends the program)"},
    {"quiescence", "off|1..60000",
     "milliseconds between the looks that make sure that every thread waits "
     "and nobody is left who could end a wait (default 250)"},
    {"long_run", "off|1..60000",
     "milliseconds from which on it is a hazard that a coroutine keeps its "
     "thread without being suspended (default 10)"},
    {"command", "PATH",
     "the lockcheck that is started to report a deadlock with files and lines "
     "(default: the one in $PATH; none: addresses will do)"},
    {"suppressions", "PATH",
     "known findings, one a line: what the command would print of them is not "
     "said, and they do not count; nor do tests with lockcheck/gtest.h fail"},
    {"baseline", "PATH", "the same, one id a line"},
    {"steer", "PATH",
     "hold threads back as this file says; `lockcheck confirm` makes it"},
    {"help", "0|1", "1: print this list"},
};

// Parses `text` into `options`. Each mistake is one warning on stderr, with the
// nearest valid name, and is skipped. Colons in a path are written as "\:".
void ParseOptions(const char* text, Options& options);

// Begins an absolute path: with the folder in which the process is if `given`
// is relative, else with nothing; `size` is how long that is. Returns 0, or
// errno: ENAMETOOLONG if it does not fit, or why there is no working directory.
int BeginAbsolute(const char* given, char (&path)[kMaxPath], size_t* size);

// Expands %p, %e, %h and makes the path absolute. Returns 0, or errno,
// as BeginAbsolute() does.
int ExpandLogPath(const char* pattern, char (&path)[kMaxPath]);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_OPTIONS_H_
