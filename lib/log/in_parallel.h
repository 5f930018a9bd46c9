// Shares out independent pieces of work among threads.
//
// Problem: memory can run out in any of them, and an exception that leaves a
// thread ends the program without a word.
#ifndef LOCKCHECK_LIB_LOG_IN_PARALLEL_H_
#define LOCKCHECK_LIB_LOG_IN_PARALLEL_H_

#include <cstddef>
#include <functional>

namespace lockcheck::log {

// Calls work(thread, i) for all i below `count`, in order of i as threads
// become free, and returns when all are done. The calling thread is thread 0;
// a thread that cannot be started is done without. The first exception that
// `work` throws is thrown here, when no thread is at work any more; what was
// not begun by then is not done.
void InParallel(unsigned threads, size_t count,
                const std::function<void(unsigned, size_t)>& work);

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_IN_PARALLEL_H_
