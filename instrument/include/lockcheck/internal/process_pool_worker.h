// A worker of a process::pool, and the fork server that makes workers.
//
// Problem: a process with threads is a bad one to fork, for a child gets what
// they happen to hold as it is. So the pool forks once, at its beginning: a
// server with one thread, which then forks the workers, and new ones for those
// that die, and says how each ended.
//
// The server blocks all signals, so that one that is meant for the program does
// not end it; its workers have the mask and the handler of SIGCHLD that the
// pool's maker had. It ends with its workers when the pool is closed; when the
// pool's process is gone it kills them.
#ifndef LOCKCHECK_INTERNAL_PROCESS_POOL_WORKER_H_
#define LOCKCHECK_INTERNAL_PROCESS_POOL_WORKER_H_

#include <cxxabi.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <typeinfo>
#include <vector>

#include "lockcheck/internal/child_process.h"
#include "lockcheck/internal/process_join.h"
#include "lockcheck/internal/process_pool_wire.h"
#include "lockcheck/process/serialize.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#define LOCKCHECK_POOL_SITE(slot, caller)
#else
#include "lockcheck/internal/task_hooks.h"
#include "lockcheck/internal/wait_queue.h"
#define LOCKCHECK_POOL_SITE(slot, caller) \
  ::lockcheck::internal::SiteSlot* slot;  \
  LOCKCHECK_SITE_SLOT(slot);              \
  const ::lockcheck::internal::Caller caller = LOCKCHECK_CALLER()
#endif

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// What all processes of a pool know of it; made before the server is forked.
struct PoolFacts {
  PoolFacts(size_t its_size, const char* its_name, source_location where)
      : size(its_size),
        name(its_name == nullptr ? "" : its_name)
#if !defined(LOCKCHECK_DISABLED)
        ,
        slots(its_name, where, static_cast<uint32_t>(its_size))
#endif
  {
    (void)where;
  }

  const size_t size;
  const std::string name;
  // In memory that they share: ends of tasks so far.
  std::atomic<uint32_t>* ends = nullptr;
#if !defined(LOCKCHECK_DISABLED)
  WaitQueue slots;
#endif
};

// ---- A worker ---------------------------------------------------------------
inline std::string NameOfType(const std::type_info* type) {
  if (type == nullptr) return "?";
  int status = 0;
  char* const name =
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
  const std::string text = status == 0 ? name : type->name();
  std::free(name);
  return text;
}

class PoolWorker {
 public:
  PoolWorker(PoolFacts& facts, uint32_t number, int fd)
      : facts_(facts), number_(number), fd_(fd) {}

  // Until the other end is closed.
  void Work(bool frees) {
    LOCKCHECK_POOL_SITE(slot, caller);
#if !defined(LOCKCHECK_DISABLED)
    if (!facts_.name.empty()) {
      NameThread(
          (facts_.name + " worker " + std::to_string(number_ + 1)).c_str());
    }
    if (frees) GiveBack(slot, caller);
#else
    static_cast<void>(frees), static_cast<void>(facts_);
    static_cast<void>(number_);
#endif
    CallHeader call;
    while (ReadWhole(fd_, &call, sizeof(call))) {
      std::string bytes(static_cast<size_t>(call.bytes), '\0');
      if (!ReadWhole(fd_, bytes.data(), bytes.size())) return;
      const AnswerHeader begun = {0, AnswerHeader::kBegun};
      if (!WriteWhole(fd_, &begun, sizeof(begun))) return;
#if defined(LOCKCHECK_DISABLED)
      const std::string answer = Run(call, bytes);
#else
      const std::string answer = RunTask(call, bytes, slot, caller);
#endif
      std::fflush(stdout);
      if (!WriteWhole(fd_, answer.data(), answer.size())) return;
    }
  }

 private:
  static std::string Run(const CallHeader& call, const std::string& bytes) {
    process::byte_writer out;
#if defined(__cpp_exceptions)
    std::string type, what;
    try {
      process::byte_reader in(bytes);
      call.run(in, out);
      return Framed(AnswerHeader{0, AnswerHeader::kResult}, out.take());
    } catch (abi::__forced_unwind&) {
      throw;  // the thread ends itself
    } catch (const std::exception& e) {
      type = NameOfType(&typeid(e));
      what = e.what();
    } catch (...) {
      type = NameOfType(abi::__cxa_current_exception_type());
      what = "an exception that is none of std's: " + type;
    }
    return Framed(AnswerHeader{0, AnswerHeader::kThrew}, type + '\0' + what);
#else
    process::byte_reader in(bytes);
    call.run(in, out);
    return Framed(AnswerHeader{0, AnswerHeader::kResult}, out.take());
#endif
  }

#if !defined(LOCKCHECK_DISABLED)
  // The answer goes out when the task's actor has ended.
  std::string RunTask(const CallHeader& call, const std::string& bytes,
                      SiteSlot* slot, Caller caller) {
    const std::string name = facts_.name + " task";
    const TaskScope scope({call.task, call.parent, facts_.size == 1,
                           facts_.name.empty() ? nullptr : name.c_str()},
                          slot, caller);
    if (!IsOff()) {
      Take(facts_.slots, WaitKind::kProcessPool, {How::kBlocking, freed_by_, 0},
           slot, caller);
    }
    std::string answer = Run(call, bytes);
    GiveBack(slot, caller);
    return answer;
  }
  void GiveBack(SiteSlot* slot, Caller caller) {
    freed_by_ = facts_.ends->fetch_add(1, std::memory_order_relaxed) + 1;
    if (IsOff()) return;
    Post(facts_.slots, WaitKind::kProcessPool,
         {PostKind::kTaskDone, 0, freed_by_, 0}, slot, caller);
  }
  // The act by which the slot was given back last; 0: none yet.
  uint32_t freed_by_ = 0;
#endif

  PoolFacts& facts_;
  const uint32_t number_;
  const int fd_;
};

// ---- The server -------------------------------------------------------------
class ForkServer {
 public:
  // `parent`: the pool's process.
  ForkServer(PoolFacts& facts, Descriptor control, pid_t parent)
      : facts_(facts), control_(std::move(control)), parent_(parent) {}

  // Its exit status.
  int Serve() {
#if !defined(LOCKCHECK_DISABLED)
    if (!facts_.name.empty()) NameThread((facts_.name + " server").c_str());
#endif
    BlockSignals();
    while (!(closing_ && workers_.empty())) {
      pollfd fds[] = {{closing_ ? -1 : control_.get(), POLLIN, 0},
                      {ended_.get(), POLLIN, 0}};
      // Others may have the other end of the socket, too.
      poll(fds, 2, kLookMs);
      Reap();
      if (!closing_ && fds[0].revents != 0) TakeOrders();
      if (getppid() != parent_) Abandon();
    }
    return 0;
  }

 private:
  static constexpr int kLookMs = 500;
  struct Worker {
    uint32_t number;
    pid_t pid;
    uint32_t actor;
  };

  void BlockSignals() {
    sigset_t all, child;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &mask_);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    ended_.Reset(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    struct sigaction heeds = {};
    heeds.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &heeds, &on_child_);
  }

  void Reap() {
    signalfd_siginfo info;
    while (read(ended_.get(), &info, sizeof(info)) > 0) {
    }
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      for (size_t i = 0; i < workers_.size(); ++i) {
        if (workers_[i].pid != pid) continue;
        const Worker worker = workers_[i];
        workers_.erase(workers_.begin() + static_cast<ptrdiff_t>(i));
        LOCKCHECK_JOIN_PLACE(place);
        BeginJoin(worker.actor, false, place);
        EndJoin(worker.actor, 0);
        Report({worker.number, 1, pid, status});
        break;
      }
    }
  }

  void TakeOrders() {
    while (!closing_) {
      ForkOrder order;
      Descriptor fd;
      switch (ReceiveMessage(control_.get(), &order, sizeof(order),
                             MSG_DONTWAIT, &fd)) {
        case Received::kNothing:
          return;
        case Received::kEnd:
          return Abandon();
        case Received::kMessage:
          break;
      }
      if (order.what == ForkOrder::kFork) Fork(order, std::move(fd));
      if (order.what == ForkOrder::kEnd) End(order.worker);
      if (order.what == ForkOrder::kClose) closing_ = true;
    }
  }

  void Fork(const ForkOrder& order, Descriptor fd) {
    uint32_t actor = 0;
    const pid_t pid = ForkChild(&actor);
    if (pid == 0) {
      control_.Reset();
      ended_.Reset();
      sigaction(SIGCHLD, &on_child_, nullptr);
      sigprocmask(SIG_SETMASK, &mask_, nullptr);
      PoolWorker(facts_, order.worker, fd.get()).Work(order.frees != 0);
      std::fflush(stdout);
      _exit(EndChild(0));
    }
    const int error = errno;
    if (pid > 0) workers_.push_back({order.worker, pid, actor});
    Report({order.worker, 0, pid, pid > 0 ? 0 : error});
  }

  void End(uint32_t number) {
    for (const Worker& worker : workers_) {
      if (worker.number == number) AskToEnd(worker.pid);
    }
  }
  void Abandon() {
    for (const Worker& worker : workers_) kill(worker.pid, SIGKILL);
    closing_ = true;
  }
  void Report(const ForkReport& report) {
    SendMessage(control_.get(), &report, sizeof(report));
  }

  PoolFacts& facts_;
  Descriptor control_, ended_;
  const pid_t parent_;
  sigset_t mask_;
  struct sigaction on_child_;
  std::vector<Worker> workers_;
  bool closing_ = false;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_POOL_WORKER_H_
