// Which of many nested address ranges is the innermost around an address?
//
// Ranges are added outer before inner, then flattened once into disjoint
// pieces: O(n log n). A look-up is one binary search. Ranges that overlap
// without nesting (damaged files) give one of the two answers. Not thread-safe
// before Build(), const after it.
#ifndef LOCKCHECK_LIB_SYMBOLIZE_RANGE_MAP_H_
#define LOCKCHECK_LIB_SYMBOLIZE_RANGE_MAP_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lockcheck::symbolize {

class RangeMap {
 public:
  struct Range {  // [low, high)
    uint64_t low = 0, high = 0;
    uint32_t value = 0;
  };

  void Add(uint64_t low, uint64_t high, uint32_t value) {
    if (low < high) ranges_.push_back({low, high, value});
  }

  void Build() {
    std::stable_sort(ranges_.begin(), ranges_.end(),
                     [](const Range& a, const Range& b) {
                       return a.low != b.low ? a.low < b.low : a.high > b.high;
                     });
    std::vector<Range> pieces, open;
    pieces.reserve(ranges_.size() * 2);
    uint64_t cursor = 0;
    const auto emit_until = [&](uint64_t end) {
      const uint64_t high = std::min(end, open.back().high);
      if (cursor < high) pieces.push_back({cursor, high, open.back().value});
      cursor = std::max(cursor, high);
    };
    for (const Range& range : ranges_) {
      while (!open.empty() && open.back().high <= range.low) {
        emit_until(range.low);
        open.pop_back();
      }
      if (!open.empty()) emit_until(range.low);
      cursor = range.low;
      open.push_back(range);
    }
    for (; !open.empty(); open.pop_back()) emit_until(UINT64_MAX);
    ranges_ = std::move(pieces);
  }

  // The piece around `address`, or null.
  const Range* Find(uint64_t address) const {
    auto after = std::upper_bound(
        ranges_.begin(), ranges_.end(), address,
        [](uint64_t value, const Range& range) { return value < range.low; });
    if (after == ranges_.begin()) return nullptr;
    const Range& range = *--after;
    return address < range.high ? &range : nullptr;
  }

  size_t size() const { return ranges_.size(); }

 private:
  std::vector<Range> ranges_;
};

}  // namespace lockcheck::symbolize

#endif  // LOCKCHECK_LIB_SYMBOLIZE_RANGE_MAP_H_
