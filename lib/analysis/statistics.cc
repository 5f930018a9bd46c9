#include "lib/analysis/statistics.h"

namespace lockcheck::analysis {

StampedTimes& StampedTimes::operator+=(const StampedTimes& other) {
  all += other.all;
  sampled += other.sampled;
  return *this;
}

void Usage::Merge(const Usage& other) {
  acquisitions += other.acquisitions;
  contended += other.contended;
  unmet += other.unmet;
  standing += other.standing;
  try_failed += other.try_failed;
  owner_changes += other.owner_changes;
  wait.Merge(other.wait);
  hold.Merge(other.hold);
  stamped += other.stamped;
  signal_waits += other.signal_waits;
  signal_ns += other.signal_ns;
  caused_ns += other.caused_ns;
}

void Usage::AddWait(uint64_t ns, bool for_signal) {
  if (for_signal) {
    ++signal_waits;
    signal_ns += ns;
  } else {
    wait.Add(ns);
  }
}

void ObjectUsage::Merge(const ObjectUsage& other) {
  Usage::Merge(other);
  shared += other.shared;
  found_waiters += other.found_waiters;
  woken_in_vain += other.woken_in_vain;
}

void ObjectUsage::AddWait(uint64_t ns, bool for_signal) {
  Usage::AddWait(ns, for_signal);
  if (for_signal) wait.Add(ns);
}

}  // namespace lockcheck::analysis
