// Events that all have to be done: of each actor the last one says it.
#ifndef LOCKCHECK_LIB_ANALYSIS_LAST_OF_EACH_H_
#define LOCKCHECK_LIB_ANALYSIS_LAST_OF_EACH_H_

#include <algorithm>
#include <utility>
#include <vector>

#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

// Of an actor's events the last one alone: when it is done, all are.
inline void KeepLastOfEach(std::vector<EventRef>& refs) {
  std::sort(refs.begin(), refs.end(), [](EventRef a, EventRef b) {
    return std::pair(a.actor, a.index) > std::pair(b.actor, b.index);
  });
  refs.erase(
      std::unique(refs.begin(), refs.end(),
                  [](EventRef a, EventRef b) { return a.actor == b.actor; }),
      refs.end());
}

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_LAST_OF_EACH_H_
