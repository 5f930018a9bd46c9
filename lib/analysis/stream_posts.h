// The posts and takes of one piece of an actor's stream.
//
// Thread safety: none; writes to its piece and to its thread's totals.
#ifndef LOCKCHECK_LIB_ANALYSIS_STREAM_POSTS_H_
#define LOCKCHECK_LIB_ANALYSIS_STREAM_POSTS_H_

#include "lib/analysis/piece.h"
#include "lib/analysis/raw_ids.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {

class StreamPosts {
 public:
  // All three outlive it.
  StreamPosts(const RawIds& ids, Piece& piece, Totals& totals)
      : ids_(ids), piece_(piece), totals_(totals) {}

  // `stamp`: the stream's last one, in ticks.
  void OnPost(const log::PostRecord& post, uint64_t stamp);
  void OnTake(const log::TakeRecord& take, uint64_t stamp);
  // Acts of which it is not known yet before when they were.
  bool pending() const { return !pending_.empty(); }
  void Stamped(uint64_t ticks);
  uint64_t takes() const { return takes_; }

 private:
  bool HasLevel(ObjectIndex object) const {
    return model::PrimitiveOf(ids_.Kind(object)).level != nullptr;
  }
  // To find that nothing is outstanding changes nothing.
  bool Consumes(ObjectIndex object) const {
    return model::PrimitiveOf(ids_.Kind(object)).stock !=
           model::Stock::kOutstanding;
  }

  // Of what begins anew when all have arrived, and is not an operation's end.
  bool EndsPhase(ObjectIndex object, model::Post post) const {
    const model::Primitive& row = model::PrimitiveOf(ids_.Kind(object));
    return post == model::Post::kComplete &&
           row.wait_rule == model::WaitRule::kAll &&
           row.stock == model::Stock::kNothing;
  }
  void Place(ObjectIndex object, uint32_t sequence, uint64_t stamp);

  const RawIds& ids_;
  Piece& piece_;
  Totals& totals_;
  uint64_t takes_ = 0;
  // By object, the last numbered act since the last stamp.
  absl::flat_hash_map<ObjectIndex, uint32_t> pending_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STREAM_POSTS_H_
