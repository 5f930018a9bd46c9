#include "lib/analysis/wait_overlap.h"

#include <algorithm>

namespace lockcheck::analysis {
namespace {

// Joins neighbours whose gap is at most the median gap.
void CloseGaps(std::vector<WaitInterval>& intervals) {
  if (intervals.size() < 2) return;
  const auto gap = [&](size_t i) {
    const uint64_t from = intervals[i - 1].end, to = intervals[i].begin;
    return to > from ? to - from : 0;
  };
  std::vector<uint64_t> gaps;
  for (size_t i = 1; i < intervals.size(); ++i) gaps.push_back(gap(i));
  const auto middle =
      gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
  std::nth_element(gaps.begin(), middle, gaps.end());
  const uint64_t limit = *middle;
  size_t kept = 0;
  for (size_t i = 1; i < intervals.size(); ++i) {
    const WaitInterval next = intervals[i];
    const uint64_t from = intervals[kept].end;
    if (next.begin <= from || next.begin - from <= limit) {
      intervals[kept].end = std::max(from, next.end);
    } else {
      intervals[++kept] = next;
    }
  }
  intervals.resize(kept + 1);
}

}  // namespace

void WaitIntervals::Add(log::ObjectIndex object, uint64_t begin, uint64_t end) {
  by_object_[object].push_back({begin, std::max(begin, end)});
  if (++size_ > bound_) CloseShortGaps();
}

void WaitIntervals::CloseShortGaps() {
  size_ = 0;
  for (auto& [object, intervals] : by_object_) {
    CloseGaps(intervals);
    size_ += intervals.size();
  }
  bound_ = std::max(bound_, 2 * size_);
}

void WaitIntervals::Append(const WaitIntervals& other) {
  for (const auto& [object, intervals] : other.by_object_) {
    auto& mine = by_object_[object];
    mine.insert(mine.end(), intervals.begin(), intervals.end());
    size_ += intervals.size();
  }
}

uint32_t MostOverlapping(const std::vector<WaitInterval>& intervals) {
  std::vector<uint64_t> begins, ends;
  for (const WaitInterval& i : intervals) {
    begins.push_back(i.begin);
    ends.push_back(i.end > i.begin ? i.end : i.begin + 1);
  }
  std::sort(begins.begin(), begins.end());
  std::sort(ends.begin(), ends.end());
  size_t most = 0, ended = 0;
  for (size_t begun = 0; begun < begins.size(); ++begun) {
    while (ended < ends.size() && ends[ended] <= begins[begun]) ++ended;
    if (ended <= begun) most = std::max(most, begun + 1 - ended);
  }
  return static_cast<uint32_t>(most);
}

std::vector<WaitInterval> Union(std::vector<WaitInterval> intervals) {
  std::sort(intervals.begin(), intervals.end(),
            [](const WaitInterval& a, const WaitInterval& b) {
              return a.begin < b.begin;
            });
  size_t kept = 0;
  for (const WaitInterval& next : intervals) {
    if (next.end <= next.begin) continue;
    if (kept != 0 && next.begin <= intervals[kept - 1].end) {
      intervals[kept - 1].end = std::max(intervals[kept - 1].end, next.end);
    } else {
      intervals[kept++] = next;
    }
  }
  intervals.resize(kept);
  return intervals;
}

std::vector<WaitInterval> EndedBy(std::vector<WaitInterval> intervals,
                                  const std::vector<WaitInterval>& ends) {
  for (WaitInterval& i : intervals) {
    const auto first = std::partition_point(
        ends.begin(), ends.end(),
        [&](const WaitInterval& end) { return end.end <= i.begin; });
    if (first == ends.end()) continue;
    i.end = std::min(i.end, std::max(i.begin, first->begin));
  }
  return intervals;
}

std::vector<WaitInterval> Without(const std::vector<WaitInterval>& intervals,
                                  uint64_t begin, uint64_t end) {
  std::vector<WaitInterval> left;
  for (const WaitInterval& i : intervals) {
    if (i.begin > begin) left.push_back({begin, std::min(i.begin, end)});
    begin = std::max(begin, i.end);
    if (begin >= end) return left;
  }
  if (begin < end) left.push_back({begin, end});
  return left;
}

uint64_t TotalTicks(const std::vector<WaitInterval>& intervals) {
  uint64_t total = 0;
  for (const WaitInterval& i : intervals) total += i.end - i.begin;
  return total;
}

}  // namespace lockcheck::analysis
