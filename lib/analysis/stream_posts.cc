#include "lib/analysis/stream_posts.h"

namespace lockcheck::analysis {

void StreamPosts::OnPost(const log::PostRecord& post) {
  const ObjectIndex object = ids_.Object(post.object);
  if (object == kNone) return;
  // The arrival before is counted already.
  const bool ends_phase = post.post == model::Post::kComplete &&
                          ids_.Kind(object) == model::ObjectKind::kBarrier;
  if (!ends_phase) totals_.posts[object].Add(post, HasLevel(object));
  piece_.notifications[object] = {.actor = piece_.actor,
                                  .object = object,
                                  .site = ids_.Site(post.site),
                                  .next_ticket = post.next_ticket,
                                  .woke_nobody = post.count == 0};
}

void StreamPosts::OnTake(const log::TakeRecord& take) {
  ++takes_;
  const ObjectIndex object = ids_.Object(take.object);
  if (object == kNone) return;
  totals_.posts[object].Add(take, HasLevel(object) && Consumes(object));
  if (ids_.Kind(object) == model::ObjectKind::kThreadPool) {
    piece_.slot_of = object;
  }
}

}  // namespace lockcheck::analysis
