// Which readers-writer locks let nobody overtake who waits.
//
// With the others readers enter as long as somebody reads, whoever waits; with
// these who asks to read waits behind a writer that waits, and so for those who
// read now.
#ifndef LOCKCHECK_LIB_MODEL_TURNS_H_
#define LOCKCHECK_LIB_MODEL_TURNS_H_

#include "lib/model/primitives.h"

namespace lockcheck::model {

constexpr bool IsInTurn(ObjectKind kind) {
  return kind == ObjectKind::kCoroutineSharedMutex;
}

}  // namespace lockcheck::model

#endif  // LOCKCHECK_LIB_MODEL_TURNS_H_
