#include "lib/analysis/stream_turns.h"

#include <algorithm>

#include "lib/model/held_by.h"

namespace lockcheck::analysis {
namespace {

// A row of `rows` for the key, made if it is new.
template <typename Row, typename Key>
Row& RowOf(absl::flat_hash_map<Key, size_t>& places, std::vector<Row>& rows,
           const Key& key) {
  const auto [place, is_new] = places.try_emplace(key, rows.size());
  if (is_new) rows.emplace_back();
  return rows[place->second];
}

}  // namespace

void StreamTurns::OnNote(log::NoteKind kind, uint64_t value, uint64_t ticks,
                         const std::vector<Hold>& held) {
  if (kind == log::NoteKind::kHeldAcross) {
    HeldAcross(value, held);
  } else if (kind == log::NoteKind::kKeptThread) {
    KeptThread(value);
  } else {
    piece_.no_carrier.push_back(
        {piece_.actor, ids_.Actor(static_cast<uint32_t>(value)),
         ids_.Actor(static_cast<uint32_t>(value >> 32)), ticks});
  }
}

void StreamTurns::HeldAcross(uint64_t value, const std::vector<Hold>& held) {
  const SiteIndex site = ids_.Site(static_cast<uint32_t>(value));
  const bool elsewhere = (value >> 32 & 1) != 0;
  if (!elsewhere) piece_.awaits = site;
  for (const Hold& hold : held) {
    if (!model::IsHeldByThreads(ids_.Kind(hold.object))) continue;
    HeldAcrossAwait& row = RowOf(across_, piece_.held_across,
                                 std::tuple(hold.object, hold.site, site));
    row.actor = piece_.actor;
    row.hold = hold;
    row.site = site;
    row.elsewhere |= elsewhere;
    row.count += !elsewhere;
  }
}

void StreamTurns::KeptThread(uint64_t value) {
  constexpr uint64_t kNsPerUs = 1000;
  const auto ready = static_cast<uint32_t>(value >> 48);
  for (const size_t row : blocked_in_turn_) {
    piece_.blocked_thread[row].ready =
        std::max(piece_.blocked_thread[row].ready, ready);
  }
  blocked_in_turn_.clear();
  const uint64_t ns = log::DecodeTicks(value >> 32 & 0xffff) * kNsPerUs;
  if (ns == 0) return;
  const SiteIndex site = ids_.Site(static_cast<uint32_t>(value));
  ThreadKept& row = RowOf(kept_, piece_.thread_kept, site);
  row.actor = piece_.actor;
  row.site = site;
  row.ready = std::max(row.ready, ready);
  row.ns = std::max(row.ns, ns);
  ++row.count;
}

// For its own kinds it is suspended. Waits for locks of threads are short, or
// else it keeps its thread for long.
void StreamTurns::Blocks(const log::BlockRecord& block) {
  if (block.awaited) return;
  const ObjectIndex object = ids_.Target(block.object, block.join);
  if (object == kNone) return;
  // Of a task or a coroutine it is no wait, but says that it has ended.
  if (block.join ? ids_.IsCarried(block.object)
                 : !model::EndsByAnybody(ids_.Kind(object))) {
    return;
  }
  const SiteIndex site = ids_.Site(block.site);
  const std::tuple key(object, site);
  ThreadBlocked& row = RowOf(blocked_, piece_.blocked_thread, key);
  row.actor = piece_.actor;
  row.object = object;
  row.site = site;
  row.how = block.how;
  ++row.count;
  blocked_in_turn_.push_back(blocked_[key]);
}

}  // namespace lockcheck::analysis
