// The versions of one variable, in their order: which reads and writes can come
// next, for StdOrder.
//
// A version is there from its write on, or, if its write is not in the log,
// when all that found the ones before have; and until all that find it have.
//
// Cost: constant for each step, but for the sorting. Not thread-safe.
#ifndef LOCKCHECK_LIB_LOG_STD_VERSIONS_H_
#define LOCKCHECK_LIB_LOG_STD_VERSIONS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace lockcheck::log {

class StdVersions {
 public:
  // First all of them, in any order, then Sort().
  void AddRead(uint32_t version) { versions_.push_back({version, 1, 0}); }
  void AddWrite(uint32_t version) { versions_.push_back({version, 0, 1}); }
  void Sort() {
    std::sort(
        versions_.begin(), versions_.end(),
        [](const Version& a, const Version& b) { return a.number < b.number; });
    size_t kept = 0;
    for (const Version& v : versions_) {
      if (kept > 0 && versions_[kept - 1].number == v.number) {
        versions_[kept - 1].reads += v.reads;
        versions_[kept - 1].writes += v.writes;
      } else {
        versions_[kept++] = v;
      }
    }
    versions_.resize(kept);
  }

  bool CanRead(uint32_t version) const {
    return versions_[at_].number == version && versions_[at_].writes == 0;
  }
  bool CanWrite(uint32_t version) const { return next() == version; }
  void Read() {
    --versions_[at_].reads;
    GoOn();
  }
  void Write() {
    if (versions_[at_].writes == 0) ++at_;
    --versions_[at_].writes;
    GoOn();
  }

  uint32_t now() const { return versions_[at_].number; }
  // Whose write can come now.
  std::optional<uint32_t> next() const {
    const Version& now = versions_[at_];
    if (now.writes != 0) return now.number;
    if (now.reads != 0 || at_ + 1 == versions_.size()) return std::nullopt;
    return versions_[at_ + 1].number;
  }

 private:
  struct Version {
    uint32_t number = 0;
    uint64_t reads = 0, writes = 0;  // that have not been
  };

  void GoOn() {
    while (versions_[at_].reads == 0 && versions_[at_].writes == 0 &&
           at_ + 1 < versions_.size() && versions_[at_ + 1].writes == 0) {
      ++at_;
    }
  }

  std::vector<Version> versions_;
  size_t at_ = 0;
};

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_STD_VERSIONS_H_
