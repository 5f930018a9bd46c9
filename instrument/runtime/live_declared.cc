#include "instrument/runtime/live_declared.h"

#include <algorithm>

namespace lockcheck::runtime {

void LiveDeclared::PutFirst(Order*& list, Link Order::*link, Order* order) {
  order->*link = {list, &list};
  if (list != nullptr) (list->*link).at = &(order->*link).next;
  list = order;
}

void LiveDeclared::TakeOut(Link Order::*link, Order* order) {
  const Link place = order->*link;
  *place.at = place.next;
  if (place.next != nullptr) (place.next->*link).at = place.at;
}

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
  const uint64_t key = KeyOf(first_id, second_id);
  if (orders_.Get(key) != nullptr) return false;
  Lock* const first = orders_.size() < kMostOrders ? LockOf(first_id) : nullptr;
  Lock* const second = first == nullptr ? nullptr : LockOf(second_id);
  auto* const order = second == nullptr ? nullptr : pool_.Make<Order>();
  auto* const entry = order == nullptr ? nullptr : orders_.Find(key);
  if (entry == nullptr) {
    is_full_ = true;
    if (order != nullptr) pool_.GiveBack(order);
    if (second != nullptr && second != first) DropIfUnused(*second);
    if (first != nullptr) DropIfUnused(*first);
    return false;
  }
  entry->value = order;
  *order = {first, second, site, {}, {}};
  PutFirst(first->after, &Order::after, order);
  PutFirst(second->before, &Order::before, order);
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
  // What was found before the bound is reached holds, too.
  for (size_t i = 0; i < open_.size && steps <= kMostSteps; ++i) {
    for (Order* o = open_.items[i]->after; o != nullptr; o = o->after.next) {
      if (++steps > kMostSteps) {
        is_cut_ = true;
        break;
      }
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

void LiveDeclared::Forget(uint32_t id) {
  const auto* lock = static_cast<Lock*>(locks_.Get(id));
  if (lock == nullptr) return;
  Bridge(*lock);
  // It goes with the last one.
  while (lock != nullptr) {
    Drop(lock->after != nullptr ? lock->after : lock->before);
    lock = static_cast<Lock*>(locks_.Get(id));
  }
}

// What is in order by way of the lock is in order without it.
void LiveDeclared::Bridge(const Lock& lock) {
  for (const Order* to = lock.before; to != nullptr; to = to->before.next) {
    const Lock& first = *to->first;
    if (&first == &lock) continue;
    for (const Order* on = lock.after; on != nullptr; on = on->after.next) {
      const Lock& second = *on->second;
      if (&second == &lock || &second == &first) continue;
      Add(first.id, second.id, on->site);
    }
  }
}

void LiveDeclared::Drop(Order* order) {
  Lock& first = *order->first;
  Lock& second = *order->second;
  TakeOut(&Order::after, order);
  TakeOut(&Order::before, order);
  orders_.Erase(KeyOf(first.id, second.id));
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
