#include "instrument/runtime/coroutine_stack.h"

#include "instrument/runtime/live.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"

namespace lockcheck::runtime {
namespace {

using internal::AwaitFrame;
using internal::CoroutineRecord;

GrowingSet g_stacks;  // hash of places -> stack

// As a return address: behind the instruction.
const void* ReturnTo(const SiteSlot* slot) {
  return static_cast<const char*>(PcOfSlot(slot)) + 1;
}

// The same places are the same stack.
uint64_t HashOf(const void* pc, const AwaitPlaces& places) {
  auto hash = reinterpret_cast<uintptr_t>(pc);
  for (size_t i = 0; i < places.count; ++i) {
    hash = (hash * 0x9e3779b97f4a7c15ull) ^
           reinterpret_cast<uintptr_t>(places.pcs[i]);
  }
  return hash | 1;
}

uint32_t DefineStack(Thread* t, uint32_t site, const void* pc,
                     const AwaitPlaces& places) {
  // Modules are described first, so that the record is not interrupted.
  uint64_t frames[AwaitPlaces::kMost + 1];
  size_t n = 0;
  frames[n++] = FrameOf(t, pc);
  for (size_t i = 0; i < places.count; ++i) {
    frames[n++] = FrameOf(t, places.pcs[i]);
  }
  const uint32_t id = NewId(&log::FileHeader::next_stack);
  Record r = Begin(t, 8 + 2 * n);
  r.Word(id).Word(0).Word(site).Word(0).Word(0).Word(static_cast<uint32_t>(n));
  for (size_t i = 0; i < n; ++i) r.U64(frames[i]);
  r.End(log::Op::kDefStack, static_cast<uint32_t>(log::StackReason::kWait));
  return id;
}

}  // namespace

AwaitPlaces PlacesOf(const CoroutineRecord& r) {
  AwaitPlaces places;
  for (const AwaitFrame* frame = r.innermost;
       frame != nullptr && places.count < AwaitPlaces::kMost;
       frame = frame->outer) {
    if (frame->awaited_at == nullptr) continue;
    places.pcs[places.count++] = ReturnTo(frame->awaited_at);
  }
  return places;
}

void NamePlaces(Message& m, const AwaitPlaces& places) {
  for (size_t i = 0; i < places.count; ++i) {
    m << "; awaited in ";
    NameFunction(m, places.pcs[i]);
  }
}

void NoteAwaitStack(Thread* t, const CoroutineRecord& r) {
  const void* const pc = PcOfSite(r.await_site);
  const AwaitPlaces places = PlacesOf(r);
  if (pc == nullptr || places.count == 0) return;
  const uint64_t key = HashOf(pc, places);
  uint32_t stack = 0;
  if (!g_stacks.Find(key, &stack)) {
    stack = DefineStack(t, r.await_site, pc, places);
    g_stacks.InsertValue(key, stack, &stack);
  }
  Begin(t, 2).Word(stack).End(log::Op::kWaitStack);
}

}  // namespace lockcheck::runtime
