// LiveOrder's search for candidates.
#include <algorithm>

#include "instrument/runtime/live_order_parts.h"

namespace lockcheck::runtime {
namespace {

// Two holds, or a hold and a request, of one lock.
bool Exclude(uint32_t a, uint32_t b) {
  return LiveId(a) == LiveId(b) && (a & b & LiveOrder::kShared) == 0;
}

}  // namespace

// Objects of one strong component have one number.
bool LiveOrder::IsInCycle(const Dependency& d) {
  const uint64_t cycle = d.object->node.cycle;
  if (cycle == 0) return false;
  return std::any_of(d.held, d.held + d.held_count, [&](const Use& use) {
    return use.edge != nullptr && use.edge->from->cycle == cycle;
  });
}

bool LiveOrder::IsPinned(const Object& object) const {
  return object.candidate > judged_;
}

// What the path's actors hold together must not keep any two of them apart.
// Adds to `looks` how many holds it looked at.
bool LiveOrder::FitsBehind(const Dependency& next, const Occurrence& occurrence,
                           size_t& looks) const {
  if (next.object->dead) return false;
  // Whether is(object) for one of what was held.
  const auto any_held = [](const Dependency& d, const Occurrence& o, auto is) {
    for (uint32_t i = 0; i < d.held_count; ++i) {
      if (is(d.held[i].held)) return true;
    }
    const uint32_t* const ghosts = d.GhostsOf(o);
    for (uint32_t i = 0; i < o.ghosts; ++i) {
      if (is(ghosts[2 * i])) return true;
    }
    for (const Outer* outer = o.outer; outer != nullptr;
         outer = outer->around) {
      if (std::any_of(outer->held, outer->held + kOuterStep, is)) return true;
    }
    return false;
  };
  for (size_t i = 0; i < path_.size; ++i) {
    const Path& p = path_.items[i];
    if (p.occurrence->actor == occurrence.actor ||
        p.dependency->object == next.object) {
      return false;
    }
    const bool apart = any_held(next, occurrence, [&](uint32_t held) {
      return any_held(*p.dependency, *p.occurrence, [&](uint32_t other) {
        ++looks;
        return Exclude(other, held);
      });
    });
    if (apart) return false;
  }
  return true;
}

// All locks of the candidate on the path, and those held besides.
void LiveOrder::PinPath() {
  ++candidates_;
  for (size_t i = 0; i < path_.size; ++i) {
    const Dependency& d = *path_.items[i].dependency;
    d.object->candidate = candidates_;
    for (uint32_t k = 0; k < d.held_count; ++k) {
      if (d.held[k].object != nullptr) {
        d.held[k].object->candidate = candidates_;
      }
    }
  }
}

// One without tries counts more.
LiveOrder::Answer LiveOrder::Closes(const Dependency& first,
                                    const Occurrence& occurrence) {
  if (first.tried == 0 && FindPattern(first, occurrence, false)) {
    return Answer::kCloses;
  }
  return tried_count_ != 0 && FindPattern(first, occurrence, true)
             ? Answer::kMayClose
             : Answer::kNew;
}

// Depth first: each dependency of the path asks for what the next one holds.
bool LiveOrder::FindPattern(const Dependency& first,
                            const Occurrence& occurrence, bool with_tries) {
  const auto closes = [&first](const Dependency& last) {
    return std::any_of(
        first.held, first.held + first.held_count,
        [&last](const Use& use) { return Exclude(use.held, last.wanted); });
  };
  path_.size = 0;
  if (!path_.Push({&first, &occurrence, first.object->uses, nullptr})) {
    return false;
  }
  size_t looks = 0;
  for (size_t steps = 0;
       path_.size != 0 && steps < kMostSteps && looks < kMostSteps * kMostLooks;
       ++steps) {
    Path& top = path_.items[path_.size - 1];
    if (top.use == nullptr) {
      --path_.size;
      continue;
    }
    const Dependency& next = *top.use->by;
    if (top.next == nullptr) {
      // A way out of the cycle's objects does not come back.
      const bool leads = next.object->node.cycle == first.object->node.cycle &&
                         Exclude(top.use->held, top.dependency->wanted) &&
                         (with_tries || next.tried == 0);
      top.next = leads ? next.occurrences : nullptr;
    } else {
      top.next = top.next->next;
    }
    if (top.next == nullptr) {
      top.use = top.use->next;
      continue;
    }
    const Occurrence& by = *top.next;
    if (!FitsBehind(next, by, looks)) continue;
    if (!path_.Push({&next, &by, next.object->uses, nullptr})) return false;
    if (closes(next)) {
      PinPath();
      return true;
    }
  }
  return false;
}

}  // namespace lockcheck::runtime
