// Which requests of a recording std::lock makes (std::scoped_lock calls it),
// told by the names of the functions: what analysis::ReadStdLockAsOneRequest
// asks for.
#ifndef LOCKCHECK_LIB_REPORT_STD_LOCK_PLACES_H_
#define LOCKCHECK_LIB_REPORT_STD_LOCK_PLACES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/std_lock.h"
#include "lib/log/recording.h"
#include "lib/report/sites.h"

namespace lockcheck::report {

// A stack or site is resolved when it is asked for, once. Not thread-safe.
class StdLockPlaces : public analysis::StdLockPlaces {
 public:
  // The recording must outlive it.
  StdLockPlaces(const log::Recording& recording, Resolve resolve);

  Answer IsInStdLock(log::StackIndex stack, log::SiteIndex site) override;
  uint32_t CallerAt(log::SiteIndex site) override;

 private:
  using Frames = std::vector<log::Frame>;
  std::vector<symbolize::SymbolizedFrame> Resolved(const Frames& frames) const;
  Answer IsInStdLock(const Frames& frames) const;
  uint32_t NumberOf(const Frames& frames);

  const log::Recording& recording_;
  const Resolve resolve_;
  absl::flat_hash_map<const Frames*, Answer> in_std_lock_;
  std::vector<std::optional<uint32_t>> caller_of_site_;  // as asked for
  absl::flat_hash_map<std::string, uint32_t> callers_;
};

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_STD_LOCK_PLACES_H_
