#include "instrument/runtime/live_objects.h"

#include <cstring>

#include "instrument/runtime/process.h"

namespace lockcheck::runtime {

uint32_t LiveObjects::TakeId() {
  if (free_.size != 0) return free_.items[--free_.size];
  return NewId(&log::FileHeader::next_object);
}

bool LiveObjects::Describe(uint32_t id, uint32_t place,
                           const ObjectFacts& facts) {
  const size_t name_size =
      facts.name == nullptr ? 0 : strnlen(facts.name, kMostName);
  auto* const object = pool_.Make<LiveObject>(name_size);
  if (object == nullptr) return false;
  LiveTable::Entry* const entry = objects_.Find(id);
  if (entry == nullptr) {
    pool_.GiveBack(object, name_size);
    return false;
  }
  *object = {id,
             place,
             facts.site,
             facts.value,
             reinterpret_cast<uintptr_t>(facts.address),
             facts.file,
             facts.line,
             static_cast<uint16_t>(name_size),
             facts.kind,
             false,
             true,
             false,
             false};
  if (name_size != 0) memcpy(object->name(), facts.name, name_size);
  entry->value = object;
  return true;
}

LiveObject* LiveObjects::Find(uint32_t id) {
  return static_cast<LiveObject*>(objects_.Get(id));
}

bool LiveObjects::Release(uint32_t id) {
  LiveObject* const object = Find(id);
  if (object == nullptr || object->in_log) return false;
  const bool reusable = object->reusable;
  objects_.Erase(id);
  pool_.GiveBack(object, object->name_size);
  return reusable && waiting_.Push(id) && waiting_.size >= kBatch;
}

void LiveObjects::Recycle() {
  while (waiting_.size != 0) {
    if (!free_.Push(waiting_.items[--waiting_.size])) break;
  }
}

}  // namespace lockcheck::runtime
