#include "instrument/runtime/live_declared.h"

#include <algorithm>

namespace lockcheck::runtime {
namespace {

template <typename Order>
void Unlink(Order*& list, Order* Order::*next, Order* order) {
  Order** at = &list;
  while (*at != order) at = &((*at)->*next);
  *at = order->*next;
}

}  // namespace

// Made if need be; null: no memory.
LiveDeclared::Lock* LiveDeclared::LockOf(uint32_t id) {
  LiveTable::Entry* const entry = locks_.Find(id);
  if (entry == nullptr) return nullptr;
  if (entry->value == nullptr) {
    auto* const lock = pool_.Make<Lock>();
    if (lock == nullptr) {
      locks_.Erase(id);
      return nullptr;
    }
    *lock = {id, 0, nullptr, nullptr, 0};
    entry->value = lock;
  }
  return static_cast<Lock*>(entry->value);
}

bool LiveDeclared::Add(uint32_t first_id, uint32_t second_id, uint32_t site) {
  Lock* const first = LockOf(first_id);
  if (first == nullptr) return false;
  for (Order* o = first->after; o != nullptr; o = o->next_after) {
    if (o->second->id == second_id) return false;
  }
  Lock* const second = LockOf(second_id);
  auto* const order = second == nullptr ? nullptr : pool_.Make<Order>();
  if (order == nullptr) {
    if (second != nullptr) DropIfUnused(*second);
    DropIfUnused(*first);
    return false;
  }
  *order = {first, second, site, first->after, second->before};
  first->after = order;
  second->before = order;
  return true;
}

LiveDeclared::Broken LiveDeclared::Find(uint32_t wanted, const uint32_t* held,
                                        size_t count) {
  auto* const from = static_cast<Lock*>(locks_.Get(wanted & ~kShared));
  if (from == nullptr || from->after == nullptr) return {};
  ++round_;
  open_.size = 0;
  from->round = round_;
  if (!open_.Push(from)) return {};
  size_t steps = 0;
  for (size_t i = 0; i < open_.size; ++i) {
    for (Order* o = open_.items[i]->after; o != nullptr; o = o->next_after) {
      if (++steps > kMostSteps) return {};
      if (o->second->round == round_) continue;
      o->second->round = round_;
      o->second->site = o->site;
      if (!open_.Push(o->second)) return {};
    }
  }
  Broken broken;
  for (size_t i = 0; i < count; ++i) {
    auto* const lock = static_cast<Lock*>(locks_.Get(held[i] & ~kShared));
    if (lock == from) return {};
    if (lock == nullptr || lock->round != round_) continue;
    if (broken.held == SIZE_MAX) broken = {i, lock->site};
  }
  return broken;
}

bool LiveDeclared::Forget(uint32_t id) {
  const auto* lock = static_cast<Lock*>(locks_.Get(id));
  if (lock != nullptr && lock->after != nullptr && lock->before != nullptr) {
    return false;
  }
  // It goes with the last one.
  while (lock != nullptr) {
    Drop(lock->after != nullptr ? lock->after : lock->before);
    lock = static_cast<Lock*>(locks_.Get(id));
  }
  return true;
}

void LiveDeclared::Drop(Order* order) {
  Lock& first = *order->first;
  Lock& second = *order->second;
  Unlink(first.after, &Order::next_after, order);
  Unlink(second.before, &Order::next_before, order);
  pool_.GiveBack(order);
  DropIfUnused(first);
  if (&second != &first) DropIfUnused(second);
}

void LiveDeclared::DropIfUnused(Lock& lock) {
  if (lock.after != nullptr || lock.before != nullptr) return;
  locks_.Erase(lock.id);
  pool_.GiveBack(&lock);
}

}  // namespace lockcheck::runtime
