// The misuses of one piece of an actor's stream; equal ones at one site are
// one row.
//
// Thread safety: none; writes to its piece.
#ifndef LOCKCHECK_LIB_ANALYSIS_STREAM_MISUSES_H_
#define LOCKCHECK_LIB_ANALYSIS_STREAM_MISUSES_H_

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/piece.h"
#include "lib/analysis/raw_ids.h"

namespace lockcheck::analysis {

class StreamMisuses {
 public:
  // Both outlive it.
  StreamMisuses(const RawIds& ids, Piece& piece) : ids_(ids), piece_(piece) {}

  void OnMisuse(model::Misuse misuse, uint32_t object, uint32_t site,
                uint32_t owner, uint32_t stack, uint64_t ticks);

 private:
  const RawIds& ids_;
  Piece& piece_;
  absl::flat_hash_map<std::tuple<model::Misuse, uint32_t, uint32_t>, size_t>
      rows_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STREAM_MISUSES_H_
