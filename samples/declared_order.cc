// A store says in which order its locks are taken: the index, then the journal.
// Compaction takes them the other way round, and nobody else takes both, so
// there is no deadlock, nor a cycle: only the declaration tells. With --fixed
// compaction keeps to it.
#include <cstdio>
#include <cstring>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex index_lock("index"), journal_lock("journal");
static int entries = 3, records = 5;

static void DeclareOrder() {
  lockcheck::acquired_before(index_lock, journal_lock);
}

static void Compact() {
  lockcheck::lock_guard journal(journal_lock);
  lockcheck::lock_guard index(index_lock);
  records = entries;
}

static void CompactInOrder() {
  lockcheck::lock_guard index(index_lock);
  lockcheck::lock_guard journal(journal_lock);
  records = entries;
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  DeclareOrder();
  if (fixed) {
    CompactInOrder();
  } else {
    Compact();
  }
  std::printf("%d records for %d entries\n", records, entries);
}
