#include "lib/report/std_lock_places.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lockcheck::report {
namespace {

std::vector<const symbolize::SymbolizedFrame*> PointersTo(
    const std::vector<symbolize::SymbolizedFrame>& frames) {
  std::vector<const symbolize::SymbolizedFrame*> pointers;
  pointers.reserve(frames.size());
  for (const auto& frame : frames) pointers.push_back(&frame);
  return pointers;
}

}  // namespace

StdLockPlaces::StdLockPlaces(const log::Recording& recording, Resolve resolve)
    : recording_(recording),
      resolve_(std::move(resolve)),
      caller_of_site_(recording.sites.size()) {}

std::vector<symbolize::SymbolizedFrame> StdLockPlaces::Resolved(
    const Frames& frames) const {
  std::vector<symbolize::SymbolizedFrame> resolved;
  for (size_t i = 0; i < frames.size(); ++i) {
    resolved.push_back(resolve_(frames[i], /*is_return_address=*/i > 0));
  }
  return resolved;
}

StdLockPlaces::Answer StdLockPlaces::IsInStdLock(log::StackIndex stack,
                                                 log::SiteIndex site) {
  const Frames* frames = nullptr;
  if (stack < recording_.stacks.size()) {
    frames = &recording_.stacks[stack].frames;
  } else if (site < recording_.sites.size()) {
    frames = &recording_.sites[site].frames;
  }
  if (frames == nullptr) return Answer::kNotKnown;
  const auto known = in_std_lock_.find(frames);
  if (known != in_std_lock_.end()) return known->second;
  return in_std_lock_[frames] = IsInStdLock(*frames);
}

// Between the request and the user's code. Without debug information it is not
// known what was inlined into that.
StdLockPlaces::Answer StdLockPlaces::IsInStdLock(const Frames& frames) const {
  const auto stack = Resolved(frames);
  const symbolize::StackPosition user =
      symbolize::UserPosition(PointersTo(stack));
  for (size_t i = 0; i < stack.size() && i <= user.frame; ++i) {
    const auto& inlined = stack[i].frames;
    const size_t end = i == user.frame ? user.inlined : inlined.size();
    for (size_t k = 0; k < end; ++k) {
      if (symbolize::IsStdLock(inlined[k])) return Answer::kYes;
    }
  }
  const bool is_known = user.source != nullptr && !user.source->file.empty();
  return is_known ? Answer::kNo : Answer::kNotKnown;
}

uint32_t StdLockPlaces::CallerAt(log::SiteIndex site) {
  if (site >= caller_of_site_.size()) return log::kNone;
  std::optional<uint32_t>& caller = caller_of_site_[site];
  if (!caller) caller = NumberOf(recording_.sites[site].frames);
  return *caller;
}

uint32_t StdLockPlaces::NumberOf(const Frames& frames) {
  const auto stack = Resolved(frames);
  const symbolize::SourceFrame* const user =
      symbolize::UserFrame(PointersTo(stack));
  if (user == nullptr) return log::kNone;
  const auto number = static_cast<uint32_t>(callers_.size());
  return callers_
      .try_emplace(
          absl::StrCat(user->function, "\n", user->file, "\n", user->line),
          number)
      .first->second;
}

}  // namespace lockcheck::report
