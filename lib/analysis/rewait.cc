#include "lib/analysis/rewait.h"

namespace lockcheck::analysis {
namespace {

// Its lock was taken when it was woken, and is let go while it waits.
constexpr uint64_t kTakenAndLetGo = 2;

}  // namespace

bool Rewaits::IsAtOnce(const At& woken, const At& waits,
                       uint64_t acts_between) {
  return woken.object == waits.object && woken.site == waits.site &&
         woken.object != kNone && acts_between == kTakenAndLetGo;
}

bool Rewaits::Begins(ObjectIndex object, SiteIndex site, uint64_t acts) {
  const At waits{object, site, acts};
  const bool at_once = woken_ && IsAtOnce(*woken_, waits, acts - woken_->acts);
  if (!began_) first_ = waits;
  began_ = true;
  woken_.reset();
  return at_once;
}

void Rewaits::Signalled(ObjectIndex object, SiteIndex site, uint64_t acts) {
  woken_ = At{object, site, acts};
}

void Rewaits::LoseTrack() {
  began_ = true;
  woken_.reset();
}

void Rewaits::Finish(uint64_t acts) {
  acts_ = acts;
  if (woken_) woken_->acts = acts - woken_->acts;
}

std::optional<ObjectIndex> Rewaits::Append(const Rewaits& next) {
  std::optional<ObjectIndex> again;
  if (woken_ && next.first_ &&
      IsAtOnce(*woken_, *next.first_, woken_->acts + next.first_->acts)) {
    again = woken_->object;
  }
  if (next.began_) {
    woken_ = next.woken_;
  } else if (woken_) {
    woken_->acts += next.acts_;
  }
  return again;
}

}  // namespace lockcheck::analysis
