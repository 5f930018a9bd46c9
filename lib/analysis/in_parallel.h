// Shares out independent pieces of work among threads.
#ifndef LOCKCHECK_LIB_ANALYSIS_IN_PARALLEL_H_
#define LOCKCHECK_LIB_ANALYSIS_IN_PARALLEL_H_

#include <cstddef>
#include <functional>

namespace lockcheck::analysis {

// Calls work(thread, i) for all i below `count`, in order of i as threads
// become free, and returns when all are done. The calling thread is thread 0;
// a thread that cannot be started is done without.
void InParallel(unsigned threads, size_t count,
                const std::function<void(unsigned, size_t)>& work);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_IN_PARALLEL_H_
