#include "instrument/runtime/stall.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "instrument/runtime/command.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/own_thread.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/waiting.h"
#include "lockcheck/internal/child_process.h"

namespace lockcheck::runtime {
namespace {

// One thread's wait, as far as it is seen.
struct Seen {
  const Thread* thread;
  Wanted wanted;
  uint32_t number;
  uint64_t ns;  // since it began
};

// Calls `act` with each wait that stands.
template <typename Act>
void ForEachWait(Act act) {
  const uint64_t now = WaitClock();
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    Seen seen{t, {}, 0, 0};
    const uint64_t since = t->waiting.since.load(std::memory_order_relaxed);
    if (!SeeWait(t, &seen.wanted, &seen.number)) continue;
    seen.ns = now > since ? now - since : 0;
    act(seen);
  }
}

// Without the command: one line each. The lock itself may be gone when this
// looks, so it is not asked for its name.
void SayWait(const Seen& seen) {
  Message m;
  m << "  A" << uint64_t{seen.wanted.actor};
  if (seen.thread->name[0] != 0) m << " " << seen.thread->name;
  m << " (thread " << uint64_t{seen.thread->tid} << ") waits for ";
  if (seen.wanted.lock != nullptr) {
    m << "a lock";
  } else if (seen.wanted.joined != 0) {
    m << "the end of A" << uint64_t{seen.wanted.joined};
  } else {
    m << "a signal (" << model::PrimitiveOf(seen.wanted.kind).name << ")";
  }
  if (const void* const pc = PcOfSite(seen.wanted.site)) {
    m << ", in ";
    NameFunction(m, pc);
  }
  m << ", since " << seen.ns / 1'000'000'000 << " s";
}

}  // namespace

void SayEachWait() { ForEachWait(SayWait); }

void ShowWaits() {
  if (!ShowStatus()) SayEachWait();
}

namespace {

// Not as idle workers wait, who are in nobody's way: for an event, an item, a
// notification, with nothing held.
bool IsNotIdle(const Seen& seen) {
  const Wanted& wanted = seen.wanted;
  return wanted.lock != nullptr || wanted.joined != 0 || wanted.permit != 0 ||
         wanted.owed || wanted.top != wanted.holds;
}

bool IsStall(const Seen& seen) {
  return IsNotIdle(seen) && !seen.wanted.timed &&
         seen.ns / 1'000'000'000 >= g_options.stall;
}

[[noreturn]] void* Watch(void*) {
  constexpr timespec kLook = {0, 200'000'000};
  while (true) {
    nanosleep(&kLook, nullptr);
    uint64_t fresh = 0, all = 0;
    ForEachWait([&](const Seen& seen) {
      if (!IsStall(seen)) return;
      ++all;
      auto& said = const_cast<Thread*>(seen.thread)->waiting.stall_said;
      fresh += said.exchange(seen.number) != seen.number;
    });
    if (fresh == 0) continue;
    Message() << "STALL: " << all
              << (all == 1 ? " thread has" : " threads have") << " waited for "
              << uint64_t{g_options.stall}
              << " s or longer for a lock, a thread's end or what is owed to "
                 "them, or with something held; the program goes on";
    ShowWaits();
  }
}

std::atomic<pid_t> g_ending{0};  // the process that says it

// So that the log says how long who waits has waited. This thread may be one of
// them; what it was doing goes no further.
void WriteEnding() {
  Thread* const t = Enter();
  if (t == nullptr) return;
  if (!t->live) {
    Begin(t, 4).U64(Ticks()).End(log::Op::kNote,
                                 static_cast<uint32_t>(log::NoteKind::kEnding));
  }
  Leave(t);
}

// By a process::child's parent, or a pool.
bool IsAskedToEnd(const siginfo_t& info) {
  return info.si_code == SI_QUEUE && info.si_pid == getppid() &&
         info.si_value.sival_int == internal::kAskedToEnd;
}

void SayWhoWaits(int signal) {
  uint64_t waits = 0;
  // SIGTERM is also how a server that has nothing to do is stopped.
  ForEachWait(
      [&](const Seen& seen) { waits += signal == SIGQUIT || IsNotIdle(seen); });
  if (waits == 0) return;
  Message() << (signal == SIGTERM ? "SIGTERM" : "SIGQUIT") << ": " << waits
            << (waits == 1 ? " thread waits" : " threads wait");
  ShowWaits();
}

// Only what a signal handler may do. The default action ends the program when
// this returns: the signal is blocked until then. In this thread only:
// timeout(1) sends it twice, and another thread that gets it must not cut the
// table short.
void OnEndingSignal(int signal, siginfo_t* info, void*) {
  const KeepErrno keep_errno;
  const pid_t self = getpid();
  if (g_ending.exchange(self) == self) return;
  WriteEnding();
  if (!IsAskedToEnd(*info)) SayWhoWaits(signal);
  ::signal(signal, SIG_DFL);
  raise(signal);
}

}  // namespace

void WatchForStalls() {
  if (g_options.stall == 0) return;
  if (!StartOwnThread(&Watch)) {
    Message() << "no thread for stall=: nobody watches";
  }
}

bool IsTheRuntimes(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 &&
         action.sa_sigaction == &OnEndingSignal;
}

void TakeEndingSignals() {
  // It keeps a handler back until the thread calls something that it
  // intercepts and that blocks, which a thread that sleeps in a lock does not:
  // nothing but SIGKILL would end the program then.
  if (IsUnderTsan()) return;
  for (const int signal : {SIGTERM, SIGQUIT}) {
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) != 0 ||
        (action.sa_flags & SA_SIGINFO) != 0 || action.sa_handler != SIG_DFL) {
      continue;
    }
    action = {};
    action.sa_sigaction = &OnEndingSignal;
    action.sa_flags = SA_RESTART | SA_ONSTACK | SA_SIGINFO;
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace lockcheck::runtime
