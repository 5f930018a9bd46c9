#include "instrument/runtime/fork.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "instrument/runtime/elsewhere.h"
#include "instrument/runtime/exit.h"
#include "instrument/runtime/fork_held.h"
#include "instrument/runtime/gone_owner.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/misuse.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/process_lock.h"
#include "instrument/runtime/quiescence.h"
#include "instrument/runtime/read_file.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/thread.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/waiting.h"
#include "lockcheck/internal/seen.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
constinit UnattachedThread g_unattached = {};
constinit std::atomic<uint8_t> g_mode{kModeUnknown};
thread_local constinit ThreadPointer t_thread = {&g_unattached.state,
                                                 ThreadPointer::kNew, 0};
static_assert(offsetof(UnattachedThread, holds) == kHoldsOffset);
static_assert(sizeof(ThreadPointer) <= 64);
}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

namespace lockcheck::runtime {

using internal::t_thread;
using internal::ThreadPointer;
using log::BeginHow;
using log::Op;

namespace {

pthread_key_t g_exit_key;

uint32_t Tid() { return static_cast<uint32_t>(syscall(SYS_gettid)); }

bool IsAttached() { return t_thread.state != &internal::g_unattached.state; }

// Field 22 of /proc/self/stat; the name in field 2 may contain anything.
uint64_t StartTime() {
  char text[1024];
  const size_t n = ReadFile("/proc/self/stat", text, sizeof(text) - 1);
  text[n] = 0;
  const char* p = strrchr(text, ')');
  if (p == nullptr) return 0;
  ++p;
  for (int field = 3; field < 22; ++field) {
    p = strchr(p + 1, ' ');
    if (p == nullptr) return 0;
  }
  return strtoull(p, nullptr, 10);
}

void DescribeProcess(Thread* t, uint32_t parent) {
  char program[4096], arguments[4096], host[256];
  const ssize_t n = readlink("/proc/self/exe", program, sizeof(program));
  const size_t size =
      ReadFile("/proc/self/cmdline", arguments, sizeof(arguments));
  if (gethostname(host, sizeof(host)) != 0) host[0] = 0;
  host[sizeof(host) - 1] = 0;
  const char* options = getenv("LOCKCHECK_OPTIONS");
  if (options == nullptr) options = "";
  const size_t options_size = strnlen(options, 4096);
  Record r = Begin(t, 3 * 1024 + 256);
  r.Word(t->process).Word(static_cast<uint32_t>(getpid())).Word(parent);
  r.U64(StartTime()).Text(options, options_size);
  r.Text(program, n < 0 ? 0 : static_cast<size_t>(n));
  r.Text(arguments, size).Text(host);
  r.End(Op::kDefProcess);
  const auto note = [&](log::NoteKind kind, uint64_t value) {
    Begin(t, 4).U64(value).End(Op::kNote, static_cast<uint32_t>(kind));
  };
  const Timing timing = g_options.timing;
  if (t->live) note(log::NoteKind::kLive, 1);
  note(log::NoteKind::kTiming, timing == Timing::kOff       ? 0
                               : timing == Timing::kSampled ? 1
                                                            : 2);
  if (timing == Timing::kSampled)
    note(log::NoteKind::kSampleInterval, kSampleInterval);
}

// The id of this process, taken anew after a fork. `forker`: see
// TakeParentsHolds(). Under ProcessLock.
bool EnsureProcess(uint32_t& process, uint32_t& parent, Thread* forker,
                   ParentsHolds& parents) {
  ForkPage& page = *g_fork_page;
  if (page.process.load(std::memory_order_relaxed) == 0) {
    page.process.store(NewId(&log::FileHeader::next_process));
  }
  process = page.process.load(std::memory_order_relaxed);
  parent = g_parent_process;
  const bool first = !page.described;
  page.described = true;
  if (first) {
    g_parent_process = process;
    parents = TakeParentsHolds(forker);
  }
  return first;
}

// Under ProcessLock; the list is read without it.
void AddThread(Thread* t) {
  t->next_all = g_fork_page->all_threads;
  __atomic_store_n(&g_fork_page->all_threads, t, __ATOMIC_RELEASE);
  KnowThread(t);
}

// A block for the thread, or a scratch one if the log takes no more.
bool GiveBlock(Thread* t) {
  log::BlockHeader* block = g_writer.NewHotBlock();
  if (block == nullptr) {
    SayStopped();
    block = static_cast<log::BlockHeader*>(MapPages(log::kBlockSize));
    if (block == nullptr) return false;
    t->scratch = true;
  }
  InstallBlock(t, block);
  return true;
}

Thread* NewThread() {
  auto* const t = static_cast<Thread*>(MapPages(kThreadBytes));
  if (t == nullptr) return nullptr;
  if (madvise(t, 4096, MADV_WIPEONFORK) == 0 && GrowHolds(t)) {
    if (GiveBlock(t)) return t;
    FreeHolds(t);
  }
  munmap(t, kThreadBytes);
  return nullptr;
}

// Starts the actor's stream. The thread is not yet visible to the hot path.
void StartStream(Thread* t, BeginHow how, uint32_t actor, uint32_t parent,
                 bool first_of_process, uint32_t process,
                 uint32_t parent_process) {
  t->magic = kThreadMagic;
  t->hot.actor = actor;
  t->process = process;
  t->kept().actor = actor;
  t->tid = Tid();
  ForgetElsewhere(t);
  t->name[0] = 0;
  SetThreadOf(actor, t);
  uint32_t none = 0;
  g_fork_page->first_actor.compare_exchange_strong(none, actor,
                                                   std::memory_order_relaxed);
  t->random = actor * 2654435761u | 1;
  t->samples = 0;
  t->live = g_options.mode == RunModeOption::kLive;
  t->begin_kept = false;
  t->notes_wanted = t->live && how == BeginHow::kStarted;
  t->keeping = 0;
  t->mark = t->hot.cursor;
  t->mark_segment = 0xffffffff;
  t->phase = 0;
  t->begin_how = how;
  t->begin_parent = parent;
  t->begin_ticks = Ticks();
  if (t->live) ForgetLiveWays(t);
  internal::ForgetSeen(&t->hot);
  ResetSampling(t);
  // What is left of a pooled block may be too little for the first records.
  if (t->hot.cursor + 256 > t->end) {
    t->segment = 0xffffffff;  // RoomSlow begins segment 0
    RoomSlow(t);
  } else {
    BeginSegment(t, 0);
  }
  if (first_of_process) {
    g_fork_page->described_by = actor;
    const Keep keep(t);
    DescribeProcess(t, parent_process);
  }
  if (!t->begin_kept) WriteBegin(t);
  // What is in memory may never get into the file: let it say at least whose it
  // is.
  if (first_of_process && g_writer.volatile_hot()) RoomSlow(t);
  ResetSampling(t);
}

Thread* TakeThread(uint32_t& process, uint32_t& parent, bool& first,
                   ParentsHolds& parents) {
  ProcessLock lock;
  first = EnsureProcess(process, parent, nullptr, parents);
  Thread* t = g_fork_page->free_threads;
  if (t != nullptr) {
    g_fork_page->free_threads = t->next_free;
    // This block is still mapped, but the record of who started the thread may
    // not be in the log: without it no order of the two would be known.
    if (g_writer.lost() != 0 && !t->scratch) GiveBlock(t);
    return t;
  }
  t = NewThread();
  if (t != nullptr) {
    AddThread(t);
  }
  return t;
}

// The forked child's one thread: its page is all zeros, what it kept is not.
void Reattach(Thread* t) {
  uint32_t process = 0, parent_process = 0;
  bool first;
  ParentsHolds parents;
  {
    ProcessLock lock;
    first = EnsureProcess(process, parent_process, t, parents);
    if (!GiveBlock(t)) return;
    AddThread(t);
  }
  Kept& k = t->kept();
  // A handler that interrupted the runtime has forked: that operation still has
  // to end.
  const bool busy = IsBusy(t);
  BeginBusy(t);
  const uint32_t parent = k.actor;
  const uint32_t actor =
      k.fork_actor != 0 ? k.fork_actor : NewId(&log::FileHeader::next_actor);
  k.fork_actor = 0;
  memmove(k.ancestors + 1, k.ancestors,
          (kMaxAncestors - 1) * sizeof(k.ancestors[0]));
  k.ancestors[0] = parent;
  DropProcessLocks(t);
  StartStream(
      t, k.interrupted != nullptr ? BeginHow::kSignal : BeginHow::kForkChild,
      actor, parent, first, process, parent_process);
  WriteForkHeld(t, parents);
  if (!busy) Leave(t);
}

// A handler interrupted `t` in the middle of an operation: what the handler
// does is recorded as an actor of its own.
Thread* SignalThread(Thread* t) {
  Thread* s = t->kept().signal_thread;
  if (s == nullptr) {
    uint32_t process = 0, parent = 0;
    bool first = false;
    ParentsHolds parents;
    s = TakeThread(process, parent, first, parents);
    if (s == nullptr) return nullptr;
    s->kept().interrupted = t;
    StartStream(s, BeginHow::kSignal, NewId(&log::FileHeader::next_actor),
                t->hot.actor, first, process, parent);
    Leave(s);
    t->kept().signal_thread = s;
  } else if (s->magic == 0) {
    Reattach(s);
  }
  return IsBusy(s) ? SignalThread(s) : s;
}

}  // namespace

void ReportStillHeld(Thread* t) {
  for (size_t i = 0; i < HoldCount(t); ++i) {
    const Hold hold = t->kept().hot.holds[i];
    // Another may release what was acquired here.
    if (IsPermit(hold)) continue;
    ReportMisuse(t, {model::Misuse::kExitHolding,
                     ObjectOf(hold),
                     SiteOf(hold),
                     t->hot.actor,
                     nullptr,
                     nullptr,
                     {}});
  }
}

namespace {

void WriteEnd(Thread* t) {
  rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  Record r = Begin(t, 8);
  r.U64(Ticks()).U64(ProcessorNs(usage));
  r.Word(static_cast<uint32_t>(usage.ru_nvcsw));
  r.Word(static_cast<uint32_t>(usage.ru_nivcsw));
  r.End(Op::kEnd);
}

void EndStream(Thread* t) {
  ReportStillHeld(t);
  NoteHeldAtEnd(t);
  if (t->live && t->begin_how == BeginHow::kStarted) NoteLiveEnd(t->hot.actor);
  // Of an actor that did nothing new nothing is kept.
  if (t->live && !t->begin_kept) {
    Rewind(t);
  } else {
    const Keep keep(t);
    WriteEnd(t);
  }
  EmptyScratch(t);
  Kept& k = t->kept();
  if (Thread* s = k.signal_thread; s != nullptr && s->magic != 0) {
    BeginBusy(s);
    EndStream(s);
  }
  for (ThreadPointer*& pointer : k.pointers) {
    if (pointer != nullptr) {
      *pointer = {&internal::g_unattached.state, ThreadPointer::kEnded,
                  pointer->tid};
    }
    pointer = nullptr;
  }
  k.hot.gate = internal::kGateShut;
  k.hot.top = k.hot.holds;
  memset(k.ancestors, 0, sizeof(k.ancestors));
  k.interrupted = nullptr;
  k.signal_thread = nullptr;
  k.exit_rounds = 0;
  SetThreadOf(t->hot.actor, nullptr);
  t->hot.actor = 0;
  ProcessLock lock;
  t->next_free = g_fork_page->free_threads;
  g_fork_page->free_threads = t;
}

// Runs in the last round but one of the destructors of thread-specific data, so
// that locks taken by other destructors are still recorded. In the last round
// ThreadSanitizer ends the thread, and instrumented code may not run after it.
constexpr int kExitRounds = PTHREAD_DESTRUCTOR_ITERATIONS - 1;

void OnThreadExit(void* value) {
  const Unseen unseen;
  if (!IsAttached()) return;
  Kept& k = Current()->kept();
  if (++k.exit_rounds < kExitRounds) {
    pthread_setspecific(g_exit_key, value);
    return;
  }
  if (Thread* const t = Enter()) {
    t_thread.state = &internal::g_unattached.state;
    t_thread.phase = ThreadPointer::kEnded;
    EndStream(t);
    // It may have been the last one that could have ended the others' waits.
    WatchIfAllWait();
  }
}

void BeforeFork() {
  const Unseen unseen;
  if (!IsAttached()) return;
  Thread* const t = Enter();
  if (t == nullptr) return;
  t->kept().fork_actor = NewId(&log::FileHeader::next_actor);
  NoteForkPlace(t, LOCKCHECK_CALLER(), true);
  Leave(t);
}

void AfterForkInParent() {
  const Unseen unseen;
  if (!IsAttached()) return;
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  const uint32_t child = t->kept().fork_actor;
  t->kept().fork_actor = 0;
  t->kept().fork_site = 0;
  t->kept().last_fork = child;
  if (child != 0) {
    NoteOtherProcess(child);
    const Keep keep(t);
    Begin(t, 4).Word(child).U64(Ticks()).End(Op::kFork);
  }
  NextPhase(t);
  Leave(t);
}

Thread* EnterSlow() {
  if (!IsAttached()) {
    if (t_thread.phase != ThreadPointer::kNew) return nullptr;
    const bool main = Tid() == static_cast<uint32_t>(getpid());
    AttachThread(main ? BeginHow::kMain : BeginHow::kForeign, 0, 0);
    if (!IsAttached()) return nullptr;
  }
  Thread* t = Current();
  if (t->magic == 0) Reattach(t);
  if (t->magic == 0) return nullptr;
  if (IsBusy(t)) t = SignalThread(t);
  if (t != nullptr) BeginBusy(t);
  return t;
}

}  // namespace

Thread* Enter() {
  Thread* const t = Current();
  // Not attached, busy, or the child of a fork.
  if (__builtin_expect(IsBusy(t) || t->magic == 0, false)) return EnterSlow();
  BeginBusy(t);
  return t;
}

bool Resume(Thread* t, uint32_t actor) {
  if (t->magic == 0) Reattach(t);
  BeginBusy(t);
  return t->hot.actor != actor;
}

void DoForkPlace(Caller caller) {
  Thread* const t = Enter();
  if (t == nullptr) return;
  NoteForkPlace(t, caller, false);
  Leave(t);
}

uint32_t DoForked(bool in_child) {
  Thread* const t = Enter();
  if (t == nullptr) return 0;
  const uint32_t child = in_child ? t->hot.actor : t->kept().last_fork;
  // With mode=live the log is forgotten, and each process has its own.
  const bool live = t->live;
  Leave(t);
  return live ? 0 : child;
}

uint32_t UnrecordedOwner() {
  if (t_thread.tid == 0) t_thread.tid = Tid();
  return t_thread.tid | kUnrecorded;
}

bool IsOwnerHere(uint32_t owner) {
  if (owner & kUnrecorded) {
    return syscall(SYS_tgkill, getpid(), owner & ~kUnrecorded, 0) == 0;
  }
  // Ids grow, and the child's first actor got its own last before the fork.
  return owner >= g_fork_page->first_actor.load(std::memory_order_relaxed);
}

void AttachThread(BeginHow how, uint32_t actor, uint32_t parent) {
  if (IsAttached() || t_thread.phase != ThreadPointer::kNew) return;
  const KeepErrno keep_errno;
  t_thread.phase = ThreadPointer::kAttaching;
  uint32_t process = 0, parent_process = 0;
  bool first = false;
  ParentsHolds parents;
  Thread* const t = TakeThread(process, parent_process, first, parents);
  if (t != nullptr) {
    if (actor == 0) actor = NewId(&log::FileHeader::next_actor);
    StartStream(t, how, actor, parent, first, process, parent_process);
    WriteForkHeld(t, parents);
    pthread_setspecific(g_exit_key, t);
    t_thread.state = &t->hot;
    t->kept().pointers[0] = &t_thread;
    Leave(t);
    t_thread.phase = ThreadPointer::kAttached;
  } else {
    t_thread.phase = ThreadPointer::kEnded;
    g_writer.header()->dropped.fetch_add(1, std::memory_order_relaxed);
  }
}

void AttachPointer(ThreadPointer* pointer) {
  if (pointer == &t_thread || !IsAttached()) return;
  for (ThreadPointer*& slot : Current()->kept().pointers) {
    if (slot == pointer) break;
    if (slot == nullptr) {
      slot = pointer;
      break;
    }
  }
  *pointer = t_thread;
}

void RegisterHandlers() {
  pthread_key_create(&g_exit_key, &OnThreadExit);
  pthread_atfork(&BeforeFork, &AfterForkInParent, nullptr);
  RegisterExit();
}

}  // namespace lockcheck::runtime
