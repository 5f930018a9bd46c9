#include "instrument/runtime/objects.h"

#include <cstring>

#include "instrument/runtime/live.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"

namespace lockcheck::runtime {
namespace {

using log::Op;

constexpr uint32_t kMaxObject = 1u << 28;
GrowingSet g_places;  // hash of file and line -> place id

uint32_t PlaceId(Thread* t, const ObjectFacts& facts) {
  if (facts.file == nullptr || facts.file[0] == 0) return 0;
  const uint64_t key = facts.place_key != 0
                           ? facts.place_key
                           : (reinterpret_cast<uintptr_t>(facts.file) * 31 +
                              uint64_t{facts.line} * 0x9e3779b97f4a7c15ull) |
                                 1;
  uint32_t id = 0;
  if (g_places.Find(key, &id)) return id;
  id = NewId(&log::FileHeader::next_place);
  const Keep keep(t);
  const size_t words = 16 + strlen(facts.file) / 4;
  Record r = Begin(t, words);
  r.Word(id).Word(facts.line).Word(0).Text(facts.file).Text("");
  r.End(Op::kDefPlace);
  g_places.InsertValue(key, id, &id);
  return id;
}

// Returns its first word.
uint32_t* Define(Thread* t, uint32_t id, uint32_t place,
                 const ObjectFacts& facts) {
  const size_t size = facts.name == nullptr ? 0 : strnlen(facts.name, 1024);
  Record r = Begin(t, 13 + size / 4);
  r.Word(id).Word(place).Word(facts.site);
  r.U64(reinterpret_cast<uintptr_t>(facts.address));
  r.Text(facts.name == nullptr ? "" : facts.name, size);
  if (facts.value != 0) r.Word(facts.value);
  uint32_t* const record = t->hot.cursor;
  r.End(Op::kDefObject, static_cast<uint32_t>(facts.kind));
  return record;
}

// The object has got another id: the record defines nothing.
void Undefine(uint32_t* record) {
  internal::StoreWord(
      record,
      log::Extended(Op::kDefObject, log::WordsOf(*record), log::kNoKind));
}

}  // namespace

void RegisterObject(Thread* t, std::atomic<uint32_t>& tag,
                    const ObjectFacts& facts) {
  const uint32_t place = PlaceId(t, facts);
  const uint32_t id = t->live ? AddLiveObject(place, facts)
                              : NewId(&log::FileHeader::next_object);
  if (id >= kMaxObject) {
    g_writer.Stop(log::StopReason::kMaxLog);
    SayStopped();
  }
  // Defined before it is known: whoever sees the id may record with it, and the
  // program may be killed then. If two threads come first, one id wins, and the
  // other stays unused.
  uint32_t* const record = t->live ? nullptr : Define(t, id, place, facts);
  uint32_t none = 0;
  const bool first = tag.compare_exchange_strong(
      none, id << 3 | log::kOpenBit | (id < log::kShortObjects ? 0u : 2u),
      std::memory_order_release, std::memory_order_relaxed);
  if (first) return;
  if (t->live) {
    ForgetLiveObject(id, true);
  } else {
    Undefine(record);
  }
}

void ObjectIsGone(Thread* t, uint32_t object, bool referred) {
  if (g_options.mode == RunModeOption::kLive) {
    ForgetLiveObject(object, !referred);
  } else if (t != nullptr) {
    Begin(t, 2).Word(object).End(Op::kDestroy);
  }
}

}  // namespace lockcheck::runtime
