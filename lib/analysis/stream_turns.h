// What one piece of a coroutine's stream says of its turns: what it held while
// it was suspended, how long it kept its thread, and where it waited in it.
//
// Thread safety: none; writes to its piece.
#ifndef LOCKCHECK_LIB_ANALYSIS_STREAM_TURNS_H_
#define LOCKCHECK_LIB_ANALYSIS_STREAM_TURNS_H_

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/piece.h"
#include "lib/analysis/raw_ids.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {

class StreamTurns {
 public:
  // All three outlive it.
  StreamTurns(const RawIds& ids, const log::Recording& recording, Piece& piece)
      : ids_(ids),
        piece_(piece),
        is_coroutine_(recording.actors[piece.actor].how ==
                      log::BeginHow::kCoroutine) {}

  // False: it is not about turns.
  static bool IsAbout(log::NoteKind kind) {
    return kind == log::NoteKind::kHeldAcross ||
           kind == log::NoteKind::kKeptThread ||
           kind == log::NoteKind::kNoCarrier;
  }
  // `held`: by the actor, at that moment.
  void OnNote(log::NoteKind kind, uint64_t value, uint64_t ticks,
              const std::vector<Hold>& held);
  void OnBlock(const log::BlockRecord& block) {
    if (is_coroutine_) [[unlikely]]
      Blocks(block);
  }

 private:
  void Blocks(const log::BlockRecord& block);
  void HeldAcross(uint64_t value, const std::vector<Hold>& held);
  void KeptThread(uint64_t value);
  template <typename Row>
  using Rows = absl::flat_hash_map<Row, size_t>;

  const RawIds& ids_;
  Piece& piece_;
  const bool is_coroutine_;
  Rows<std::tuple<ObjectIndex, SiteIndex, SiteIndex>> across_;
  Rows<SiteIndex> kept_;
  Rows<std::tuple<ObjectIndex, SiteIndex>> blocked_;
  std::vector<size_t> blocked_in_turn_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STREAM_TURNS_H_
