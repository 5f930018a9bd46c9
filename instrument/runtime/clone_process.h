// A child that shares this process's memory until it executes another program.
//
// Problem: sanitizers intercept clone(). ThreadSanitizer takes it for a fork,
// and ends the program when a thread begins after that.
//
// The caller is stopped until the child has executed or ended, as with vfork().
// No signal comes at its end, and only a wait with __WALL sees it. x86-64.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_CLONE_PROCESS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_CLONE_PROCESS_H_

#include <sched.h>
#include <sys/syscall.h>
#include <sys/types.h>

namespace lockcheck::runtime {

// `run` must not return. `stack` is the end of the child's, 16 bytes aligned.
// Returns its id, or -errno.
inline pid_t CloneProcess(void* stack, void (*run)(void*), void* data) {
  long result = SYS_clone;
  register long tls asm("r8") = 0;
  register long child_tid asm("r10") = 0;
  // Not in rbp, which the child begins without.
  register void (*function)(void*) asm("r9") = run;
  register void* argument asm("r12") = data;
  // The kernel keeps all registers but rax, rcx and r11.
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %[data], %%rdi\n\t"
      "call *%[run]\n\t"
      "ud2\n"
      "1:"
      : "+a"(result)
      : "D"(static_cast<long>(CLONE_VM | CLONE_VFORK)), "S"(stack), "d"(0L),
        "r"(tls), "r"(child_tid), [run] "r"(function), [data] "r"(argument)
      : "rcx", "r11", "memory");
  return static_cast<pid_t>(result);
}

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_CLONE_PROCESS_H_
