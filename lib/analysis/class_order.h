// Lock classes that are taken in both orders, by whichever of their locks.
//
// Problem: a run meets few of the combinations of locks that another one does.
// One thread takes account 1 within branch 1, another branch 2 within account
// 5: no two of these locks are on a cycle, but nothing keeps other accounts and
// branches from it. So the order is asked of classes, as Linux's lockdep does.
// That is weaker than a cycle of locks: a program may have its reasons why
// those never meet, so this is looked for only if somebody asks.
//
// Found are cycles of classes, a shortest one through each edge, and locks of
// one class that are taken one within another. Left out: requests that give up;
// readers among themselves; locks of one class whose order keys ascend; a cycle
// each of whose meetings is at one and the same lock (those are cycles of
// locks, and judged as such); and one whose parts all hold one lock, which
// keeps them apart.
//
// Cost: linear in dependencies and held locks; then edges between classes times
// their number, up to a bound.
#ifndef LOCKCHECK_LIB_ANALYSIS_CLASS_ORDER_H_
#define LOCKCHECK_LIB_ANALYSIS_CLASS_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// A request for a lock of one class within a hold of another.
struct ClassStep {
  const Dependency* dependency = nullptr;
  size_t hold = 0;  // index into its held locks
};

// steps[i] asks for a lock of the class of which steps[i + 1] holds one; a
// single one asks for another lock of the class that it holds.
using ClassCycle = std::vector<ClassStep>;

struct ClassOrder {
  std::vector<ClassCycle> cycles;  // ordered by their classes
  bool exhaustive = true;          // no bound cut the search
};

// By object: its class, kNone if it is in none; its order key, kNone if none
// was given to it. Points into `observations`.
ClassOrder FindClassOrder(const Observations& observations,
                          std::span<const uint32_t> class_of,
                          std::span<const uint32_t> key_of);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_CLASS_ORDER_H_
