#include "lib/analysis/level_in_time.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

namespace lockcheck::analysis {
namespace {

using Moment = LevelTrack::Moment;

// What there may have been from when until when, in ticks since the first act.
struct Stretch {
  double from = 0, until = 0;
  double level = 0;  // mean of what there may have been
  double least = 0, most = 0;
  double length() const { return until - from; }
};

// The best of levels[first, last], for windows that only move on.
template <typename Better>
class Best {
 public:
  explicit Best(const std::vector<int64_t>& levels) : levels_(levels) {}
  double Of(size_t first, size_t last) {
    for (; next_ <= last; ++next_) {
      while (!kept_.empty() && !Better()(levels_[kept_.back()], levels_[next_]))
        kept_.pop_back();
      kept_.push_back(next_);
    }
    while (kept_.front() < first) kept_.pop_front();
    return static_cast<double>(levels_[kept_.front()]);
  }

 private:
  const std::vector<int64_t>& levels_;
  std::deque<size_t> kept_;
  size_t next_ = 0;
};

// Where stamps of two cores contradict each other they are taken for one.
void Order(std::vector<Moment>& moments, uint64_t first, uint64_t last) {
  for (Moment& m : moments) {
    m.least = std::clamp(m.least, first, last);
    m.most = std::max(m.least, std::clamp(m.most, first, last));
  }
}

// `levels`: before the first act and after each. At any time those of all acts
// that may have been the last one by then are possible.
std::vector<Stretch> Stretches(const std::vector<int64_t>& levels,
                               const std::vector<Moment>& moments,
                               uint64_t first, uint64_t last) {
  std::vector<uint64_t> bounds = {first, last};
  for (const Moment& m : moments) {
    bounds.push_back(m.least);
    bounds.push_back(m.most);
  }
  std::sort(bounds.begin(), bounds.end());
  std::vector<double> sums = {0};
  for (const int64_t level : levels) {
    sums.push_back(sums.back() + static_cast<double>(level));
  }
  Best<std::less<>> least(levels);
  Best<std::greater<>> most(levels);
  std::vector<Stretch> stretches;
  size_t surely = 0, maybe = 0;  // how many acts were by then
  for (size_t i = 0; i + 1 < bounds.size(); ++i) {
    if (bounds[i] == bounds[i + 1]) continue;
    while (surely < moments.size() && moments[surely].most <= bounds[i])
      ++surely;
    while (maybe < moments.size() && moments[maybe].least <= bounds[i]) ++maybe;
    stretches.push_back({static_cast<double>(bounds[i] - first),
                         static_cast<double>(bounds[i + 1] - first),
                         (sums[maybe + 1] - sums[surely]) /
                             static_cast<double>(maybe + 1 - surely),
                         least.Of(surely, maybe), most.Of(surely, maybe)});
  }
  return stretches;
}

double Mean(const std::vector<Stretch>& stretches, double Stretch::*level,
            double from, double until) {
  double area = 0;
  for (const Stretch& s : stretches) {
    const double length = std::min(s.until, until) - std::max(s.from, from);
    if (length > 0) area += s.*level * length;
  }
  return area / (until - from);
}

// Of stretches by level.
uint64_t Percentile(const std::vector<Stretch>& stretches, double wanted) {
  double seen = 0;
  for (const Stretch& s : stretches) {
    seen += s.length();
    if (seen >= wanted) return static_cast<uint64_t>(std::llround(s.level));
  }
  return static_cast<uint64_t>(std::llround(stretches.back().level));
}

}  // namespace

std::optional<LevelInTime> OverTime(const LevelTrack& track,
                                    int64_t begins_with, size_t parts) {
  if (!track.IsWhole() || track.end() <= track.begin()) return std::nullopt;
  std::vector<Moment> moments = track.Moments();
  Order(moments, track.begin(), track.end());
  std::vector<int64_t> levels = track.Points(begins_with);
  levels.insert(levels.begin(), begins_with);
  std::vector<Stretch> stretches =
      Stretches(levels, moments, track.begin(), track.end());
  LevelInTime found;
  found.ticks = track.end() - track.begin();
  const auto all = static_cast<double>(found.ticks);
  found.mean = Mean(stretches, &Stretch::level, 0, all);
  found.error = std::max(found.mean - Mean(stretches, &Stretch::least, 0, all),
                         Mean(stretches, &Stretch::most, 0, all) - found.mean);
  for (size_t i = 0; i < parts; ++i) {
    const double part = all / static_cast<double>(parts);
    const double from = part * static_cast<double>(i);
    found.parts.push_back(Mean(stretches, &Stretch::level, from, from + part));
  }
  std::sort(
      stretches.begin(), stretches.end(),
      [](const Stretch& a, const Stretch& b) { return a.level < b.level; });
  found.p50 = Percentile(stretches, 0.50 * all);
  found.p90 = Percentile(stretches, 0.90 * all);
  found.p99 = Percentile(stretches, 0.99 * all);
  return found;
}

}  // namespace lockcheck::analysis
