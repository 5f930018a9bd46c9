// What a thread has still to do when its thread_local objects are gone: what
// std's functions named ..._at_thread_exit promise.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_AT_THREAD_EXIT_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_AT_THREAD_EXIT_H_

#include <memory>

namespace lockcheck::runtime {

class ExitAct {
 public:
  virtual ~ExitAct() = default;
  virtual void Run() = 0;

 private:
  friend void AtThreadExit(std::unique_ptr<ExitAct> act);
  friend void RunExitActs(void* first);
  ExitAct* next_ = nullptr;
};

// Runs it when the calling thread ends, after its thread_local objects have
// been destroyed, the last one first; still as an act of the thread's actor. In
// a thread that calls exit(), among the handlers of atexit().
void AtThreadExit(std::unique_ptr<ExitAct> act);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_AT_THREAD_EXIT_H_
