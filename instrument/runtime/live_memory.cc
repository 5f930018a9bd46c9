#include "instrument/runtime/live_memory.h"

namespace lockcheck::runtime {

void* LivePool::Take(size_t bytes) {
  const size_t size_class = ClassOf(bytes);
  if (size_class > kClasses) return MapPages(bytes);
  Free*& first = free_[size_class];
  if (first == nullptr) return ArenaAllocate(size_class * kStep);
  Free* const piece = first;
  first = piece->next;
  return piece;
}

void LivePool::Give(void* piece, size_t bytes) {
  const size_t size_class = ClassOf(bytes);
  if (size_class > kClasses) return UnmapPages(piece, bytes);
  auto* const free = static_cast<Free*>(piece);
  free->next = free_[size_class];
  free_[size_class] = free;
}

LiveTable::Entry* LiveTable::Find(uint64_t key) {
  if (2 * size_ >= capacity_ && !Grow()) return nullptr;
  const size_t mask = capacity_ - 1;
  size_t i = Place(key) & mask;
  for (; entries_[i].key != 0; i = (i + 1) & mask) {
    if (entries_[i].key == key) return &entries_[i];
  }
  entries_[i] = {key, nullptr};
  ++size_;
  return &entries_[i];
}

void* LiveTable::Get(uint64_t key) const {
  if (capacity_ == 0) return nullptr;
  const size_t mask = capacity_ - 1;
  for (size_t i = Place(key) & mask; entries_[i].key != 0; i = (i + 1) & mask) {
    if (entries_[i].key == key) return entries_[i].value;
  }
  return nullptr;
}

void LiveTable::Set(uint64_t key, void* value) {
  const size_t mask = capacity_ - 1;
  size_t i = Place(key) & mask;
  while (entries_[i].key != key) i = (i + 1) & mask;
  entries_[i].value = value;
}

// Those behind it that would not be found across the hole move into it (Knuth,
// The Art of Computer Programming, volume 3, 6.4, algorithm R).
void LiveTable::Erase(uint64_t key) {
  if (capacity_ == 0) return;
  const size_t mask = capacity_ - 1;
  size_t hole = Place(key) & mask;
  while (entries_[hole].key != key) {
    if (entries_[hole].key == 0) return;
    hole = (hole + 1) & mask;
  }
  for (size_t i = (hole + 1) & mask; entries_[i].key != 0; i = (i + 1) & mask) {
    const size_t home = Place(entries_[i].key) & mask;
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    entries_[hole] = entries_[i];
    hole = i;
  }
  entries_[hole] = {0, nullptr};
  --size_;
}

bool LiveTable::Grow() {
  const size_t larger = capacity_ == 0 ? 1024 : 2 * capacity_;
  auto* const grown = static_cast<Entry*>(MapPages(larger * sizeof(Entry)));
  if (grown == nullptr) return false;
  for (size_t k = 0; k < capacity_; ++k) {
    if (entries_[k].key == 0) continue;
    size_t i = Place(entries_[k].key) & (larger - 1);
    while (grown[i].key != 0) i = (i + 1) & (larger - 1);
    grown[i] = entries_[k];
  }
  if (entries_ != nullptr) UnmapPages(entries_, capacity_ * sizeof(Entry));
  entries_ = grown;
  capacity_ = larger;
  return true;
}

}  // namespace lockcheck::runtime
