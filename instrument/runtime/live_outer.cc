// LiveOrder's lists of outer locks.
#include <algorithm>
#include <cstring>

#include "instrument/runtime/live_order_parts.h"

namespace lockcheck::runtime {

// The first `count` locks of the request, for the caller to release; null: no
// memory or no room.
LiveOrder::Outer* LiveOrder::HoldOuters(const Request& request, size_t count) {
  Outer* outer = nullptr;
  for (size_t first = 0; first < count; first += kOuterStep) {
    Outer* const within = HoldOuter(request, first, outer);
    ReleaseOuter(outer);
    if (within == nullptr) return nullptr;
    outer = within;
  }
  return outer;
}

LiveOrder::Outer* LiveOrder::HoldOuter(const Request& request, size_t first,
                                       Outer* around) {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15ull;
  constexpr uint32_t kUnknown[kOuterStep] = {};
  const uint32_t* const held = request.held + first;
  const uint32_t* const sites =
      request.held_sites == nullptr ? kUnknown : request.held_sites + first;
  uint64_t hash = reinterpret_cast<uintptr_t>(around) * kSpread;
  for (size_t i = 0; i < kOuterStep; ++i) {
    hash = (hash ^ hash >> 29 ^ (uint64_t{sites[i]} << 32 | held[i])) * kSpread;
  }
  hash |= 1;
  LiveTable::Entry* const entry = outers_.Find(hash);
  if (entry == nullptr) return nullptr;
  auto* known = static_cast<Outer*>(entry->value);
  for (; known != nullptr; known = known->next_of_hash) {
    if (known->around == around &&
        std::equal(held, held + kOuterStep, known->held) &&
        std::equal(sites, sites + kOuterStep, known->sites)) {
      ++known->references;
      return known;
    }
  }
  Outer* const made = MakeOuter(*entry, around);
  if (made == nullptr) {
    if (entry->value == nullptr) outers_.Erase(hash);
    return nullptr;
  }
  memcpy(made->held, held, sizeof(made->held));
  memcpy(made->sites, sites, sizeof(made->sites));
  for (const uint32_t object : made->held) CountGhost(LiveId(object));
  return made;
}

LiveOrder::Outer* LiveOrder::MakeOuter(LiveTable::Entry& entry, Outer* around) {
  if (uses_ + kOuterStep > kMostUses) return nullptr;
  auto* const made = pool_.Make<Outer>();
  if (made == nullptr) return nullptr;
  uses_ += kOuterStep;
  ++outers_count_;
  made->around = around;
  made->next_of_hash = static_cast<Outer*>(entry.value);
  made->hash = entry.key;
  made->references = 1;
  made->count = kOuterStep;
  if (around != nullptr) {
    ++around->references;
    made->count += around->count;
  }
  entry.value = made;
  return made;
}

void LiveOrder::ReleaseOuter(Outer* outer) {
  while (outer != nullptr && --outer->references == 0) {
    auto* first = static_cast<Outer*>(outers_.Get(outer->hash));
    Outer** at = &first;
    while (*at != outer) at = &(*at)->next_of_hash;
    *at = outer->next_of_hash;
    if (first == nullptr) {
      outers_.Erase(outer->hash);
    } else {
      outers_.Set(outer->hash, first);
    }
    for (const uint32_t object : outer->held) UncountGhost(LiveId(object));
    uses_ -= kOuterStep;
    --outers_count_;
    Outer* const around = outer->around;
    pool_.GiveBack(outer);
    outer = around;
  }
}

}  // namespace lockcheck::runtime
