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

  void OnPost(const log::PostRecord& post);
  void OnTake(const log::TakeRecord& take);
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

  const RawIds& ids_;
  Piece& piece_;
  Totals& totals_;
  uint64_t takes_ = 0;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STREAM_POSTS_H_
