// What LiveOrder gives to the analyzer.
#include <algorithm>
#include <cstring>

#include "instrument/runtime/live_order_parts.h"

namespace lockcheck::runtime {
namespace {

uint32_t* PutHold(uint32_t* to, uint32_t held, uint32_t site) {
  *to++ = held;
  *to++ = site;
  return to;
}

}  // namespace

// Ghosts, outer locks and those of the dependency, and the member, but no end:
// every thread has its own, and the analyzer knows that.
size_t LiveOrder::HeldInFact(const Dependency& d, const Occurrence& o) {
  const auto ends = static_cast<size_t>(
      std::count_if(d.held, d.held + d.held_count,
                    [](const Use& use) { return IsEnd(use.held); }));
  return (o.outer == nullptr ? 0 : o.outer->count) + o.ghosts + d.held_count -
         ends + (o.member != 0 ? 1 : 0);
}

// Returns its end. Of lists of outer locks, the innermost is at hand first.
uint32_t* LiveOrder::PutOuters(const Outer* innermost, uint32_t* to) {
  if (innermost == nullptr) return to;
  uint32_t* const end = to + size_t{2} * innermost->count;
  uint32_t* within = end;
  for (const Outer* outer = innermost; outer != nullptr;
       outer = outer->around) {
    for (size_t i = kOuterStep; i-- > 0;) {
      within -= 2;
      PutHold(within, outer->held[i], outer->sites[i]);
    }
  }
  return end;
}

bool LiveOrder::WriteFact(const Dependency& d, const Occurrence& o,
                          LiveList<uint32_t>& facts) {
  if (o.silent) return true;
  const auto held = static_cast<uint32_t>(HeldInFact(d, o));
  const LiveFact fact = {static_cast<uint32_t>(kLiveFactWords) + 2 * held,
                         o.actor,
                         o.process,
                         o.segment,
                         d.wanted,
                         o.site,
                         o.how,
                         held};
  if (facts.size + fact.words > facts.capacity &&
      !facts.Reserve(
          std::max(2 * facts.capacity, facts.size + fact.words + 4096))) {
    return false;
  }
  uint32_t* next = facts.items + facts.size;
  memcpy(next, &fact, sizeof(fact));
  next = PutOuters(o.outer, next + kLiveFactWords);
  memcpy(next, d.GhostsOf(o), o.ghosts * 2 * sizeof(uint32_t));
  next += 2 * o.ghosts;
  for (uint32_t i = 0; i < d.held_count; ++i) {
    if (IsEnd(d.held[i].held)) continue;
    next = PutHold(next, d.held[i].held, o.sites()[i]);
  }
  if (o.member != 0) PutHold(next, o.member, o.member_site);
  facts.size += fact.words;
  return true;
}

bool LiveOrder::WriteFacts(LiveList<uint32_t>& facts) const {
  bool whole = true;
  objects_.ForEach([&](const void* value) {
    const auto* const object = static_cast<const Object*>(value);
    for (const Dependency* d = object->wanted_by; d != nullptr && whole;
         d = d->next_wanted) {
      for (const Occurrence* o = d->occurrences; o != nullptr && whole;
           o = o->next) {
        whole = WriteFact(*d, *o, facts);
      }
    }
  });
  return whole;
}

}  // namespace lockcheck::runtime
