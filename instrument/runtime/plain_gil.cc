#include "instrument/runtime/plain_gil.h"

#include <errno.h>
#include <linux/futex.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "lockcheck/internal/gil_random.h"

namespace lockcheck::runtime {
namespace {

using internal::GilWaiter;
using internal::kWaiters;

GilWaiter* First(const GilState& gil) {
  return gil.first.load(std::memory_order_relaxed);
}

// Guarded, as are the next ones. False: the gil was free, and is taken.
bool Join(GilState& gil, GilWaiter& waiter) {
  uint32_t word = gil.word.load(std::memory_order_relaxed);
  do {
    if (word == 0 && TryTake(gil, waiter.owner)) return false;
    word = gil.word.load(std::memory_order_relaxed);
    // Only a thread that takes it changes the word while it is guarded.
  } while (word == 0);
  gil.word.fetch_or(kWaiters, std::memory_order_relaxed);
  waiter.next = First(gil);
  gil.first.store(&waiter, std::memory_order_relaxed);
  return true;
}

void Remove(GilState& gil, GilWaiter& waiter) {
  if (First(gil) == &waiter) {
    gil.first.store(waiter.next, std::memory_order_relaxed);
    return;
  }
  GilWaiter* before = First(gil);
  while (before->next != &waiter) before = before->next;
  before->next = waiter.next;
}

uint32_t WaiterBit(const GilState& gil) {
  return First(gil) != nullptr ? kWaiters : 0u;
}

size_t RandomChoice(GilState& gil, size_t count) {
  uint64_t random = gil.random.load(std::memory_order_relaxed);
  const size_t chosen = internal::PickOne(random, count);
  gil.random.store(random, std::memory_order_relaxed);
  return chosen;
}

// The arbiter is the program's, and what it needs may not be there.
size_t ChoiceAmong(GilState& gil, size_t count, bool competes) {
  if (!gil.arbiter) return RandomChoice(gil, count);
  try {
    std::vector<std::thread::id> threads;
    for (GilWaiter* w = First(gil); w != nullptr; w = w->next) {
      threads.push_back(w->thread);
    }
    if (competes) threads.push_back(std::this_thread::get_id());
    return std::min(gil.arbiter(threads), count - 1);
  } catch (...) {
    return RandomChoice(gil, count);
  }
}

// Null: the owner itself.
GilWaiter* Choose(GilState& gil, bool competes) {
  size_t waiting = 0;
  for (GilWaiter* w = First(gil); w != nullptr; w = w->next) ++waiting;
  size_t chosen = ChoiceAmong(gil, waiting + (competes ? 1 : 0), competes);
  if (chosen == waiting) return nullptr;
  GilWaiter* waiter = First(gil);
  for (; chosen != 0; --chosen) waiter = waiter->next;
  return waiter;
}

}  // namespace

Round GilRound(GilState& gil, uint32_t me, const Deadline* deadline) {
  GilWaiter waiter;
  waiter.owner = me;
  waiter.thread = std::this_thread::get_id();
  {
    const std::lock_guard guard(gil.guard);
    if (!Join(gil, waiter)) return Round::kTaken;
  }
  while (waiter.has_turn.load(std::memory_order_acquire) == 0) {
    if (FutexWait(waiter.has_turn, 0, deadline) != ETIMEDOUT) continue;
    const std::lock_guard guard(gil.guard);
    if (waiter.has_turn.load(std::memory_order_relaxed) != 0) break;
    Remove(gil, waiter);
    if (WaiterBit(gil) == 0) {
      gil.word.fetch_and(~kWaiters, std::memory_order_relaxed);
    }
    return Round::kTimedOut;
  }
  // Whoever gave it away is done with the waiter when the guard is free.
  const std::lock_guard guard(gil.guard);
  return Round::kTaken;
}

bool PassOn(GilState& gil, uint32_t me, bool competes) {
  const std::lock_guard guard(gil.guard);
  if (First(gil) == nullptr) {
    if (!competes) gil.word.store(0, std::memory_order_release);
    return competes;
  }
  GilWaiter* const next = Choose(gil, competes);
  if (next == nullptr) {
    gil.word.store(me | kWaiters, std::memory_order_relaxed);
    return true;
  }
  Remove(gil, *next);
  gil.word.store(next->owner | WaiterBit(gil), std::memory_order_release);
  next->has_turn.store(1, std::memory_order_release);
  Futex(next->has_turn, FUTEX_WAKE, 1, nullptr, 0);
  return false;
}

}  // namespace lockcheck::runtime
