#include "lib/analysis/stream_posts.h"

namespace lockcheck::analysis {

// Of acts between the same two stamps the first is what the one before bounds,
// the last what the one behind bounds.
void StreamPosts::Place(ObjectIndex object, uint32_t sequence, uint64_t stamp) {
  if (sequence == 0) return;
  const auto [last, is_first] = pending_.try_emplace(object, sequence);
  last->second = sequence;
  if (is_first) totals_.posts[object].track.NotBefore(sequence, stamp);
}

void StreamPosts::Stamped(uint64_t ticks) {
  for (const auto& [object, sequence] : pending_) {
    totals_.posts[object].track.NotAfter(sequence, ticks);
  }
  pending_.clear();
}

void StreamPosts::OnPost(const log::PostRecord& post, uint64_t stamp) {
  const ObjectIndex object = ids_.Object(post.object);
  if (object == kNone) return;
  PostUsage& usage = totals_.posts[object];
  if (EndsPhase(object, post.post)) {
    usage.AddPhaseEnd(post);  // the arrival before is counted already
  } else {
    usage.Add(post, HasLevel(object));
  }
  if (HasLevel(object)) Place(object, post.sequence, stamp);
  if (post.post == model::Post::kClear) return;
  piece_.notifications[object] = {.actor = piece_.actor,
                                  .object = object,
                                  .site = ids_.Site(post.site),
                                  .next_ticket = post.next_ticket,
                                  .woke_nobody = post.count == 0};
}

void StreamPosts::OnTake(const log::TakeRecord& take, uint64_t stamp) {
  ++takes_;
  const ObjectIndex object = ids_.Object(take.object);
  if (object == kNone) return;
  const bool changes = HasLevel(object) && Consumes(object);
  totals_.posts[object].Add(take, changes);
  if (changes) Place(object, take.sequence, stamp);
  if (model::IsSlots(ids_.Kind(object))) piece_.slot_of = object;
}

}  // namespace lockcheck::analysis
