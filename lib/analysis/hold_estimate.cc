#include "lib/analysis/hold_estimate.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lockcheck::analysis {
namespace {

double Square(double x) { return x * x; }

// Of a stratum's true total, given how far one hold lies from the mean.
double VarianceOfTotal(const HoldStratum& s, double spread) {
  const auto holds = static_cast<double>(s.holds);
  const auto n = static_cast<double>(s.measured.count);
  if (n >= holds) return 0;
  return Square(holds) * spread / n * (1 - n / holds);
}

void TakeOut(const StampedTimes& stamped, HoldStratum& stratum) {
  stratum.holds -= std::min(stratum.holds, stamped.all.count);
  stratum.measured -= stamped.sampled;
}

// `others` are the holds that are not among the measured.
HoldEstimate WithMeasured(const Moments& measured, HoldEstimate others,
                          uint64_t acquisitions) {
  const auto all = static_cast<double>(acquisitions);
  const double estimated =
      std::max(0.0, all - static_cast<double>(measured.count));
  if (measured.count == 0 || (estimated > 0 && others.total == 0)) {
    return others;
  }
  others.total += static_cast<double>(measured.total);
  others.mean = others.total / all;
  others.error *= estimated / all;
  return others;
}

}  // namespace

HoldEstimate EstimateHolds(std::span<const HoldStratum> strata) {
  Moments all;
  double holds = 0;
  for (const HoldStratum& s : strata) {
    all += s.measured;
    holds += static_cast<double>(s.holds);
  }
  HoldEstimate estimate;
  if (all.count == 0 || holds == 0) return estimate;
  const double spread =
      all.count > 1 ? all.sample_variance() : Square(all.mean());
  double variance = 0;
  for (const HoldStratum& s : strata) {
    if (s.holds == 0) continue;
    const auto count = static_cast<double>(s.holds);
    if (s.measured.count == 0) {
      const double total = std::max(count * all.mean(), s.blocked_ns);
      estimate.total += total;
      variance += Square(total);
      continue;
    }
    estimate.total += count * s.measured.mean();
    variance += VarianceOfTotal(
        s, s.measured.count > 1 ? s.measured.sample_variance() : spread);
  }
  estimate.mean = estimate.total / holds;
  estimate.error = std::sqrt(variance) / holds;
  return estimate;
}

HoldEstimate EstimateHolds(uint64_t acquisitions, const Moments& measured,
                           std::span<const SiteShare> shares,
                           const StampedTimes& stamped) {
  std::vector<HoldStratum> strata;
  HoldStratum rest{.holds = acquisitions, .measured = measured};
  TakeOut(stamped, rest);
  for (const SiteShare& share : shares) {
    if (share.acquisitions != share.all_acquisitions) {
      rest.blocked_ns += share.blocked_ns;
      continue;
    }
    HoldStratum& own = strata.emplace_back(
        HoldStratum{share.acquisitions, share.measured, share.blocked_ns});
    TakeOut(share.stamped, own);
    own.blocked_ns = std::max(
        0.0, own.blocked_ns - static_cast<double>(share.stamped.all.total));
    rest.holds -= std::min(rest.holds, own.holds);
    rest.measured -= own.measured;
  }
  strata.push_back(rest);
  return WithMeasured(stamped.all, EstimateHolds(strata), acquisitions);
}

}  // namespace lockcheck::analysis
