#include "lib/analysis/permits.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace lockcheck::analysis {
namespace {

// Something is held of it of which there may be several.
bool HasPermits(const Observations& o, ObjectIndex object) {
  if (object >= o.object_count) return false;
  const model::Primitive& row =
      model::PrimitiveOf(o.recording->objects[object].kind);
  return row.exclusive_hold && row.stock == model::Stock::kCount;
}

std::vector<bool> Signals(const Observations& o) {
  std::vector<bool> signals;
  for (const Notification& n : o.notifications) {
    if (!HasPermits(o, n.object)) continue;
    signals.resize(o.object_count);
    signals[n.object] = true;
  }
  return signals;
}

}  // namespace

void ForgetPermitsOfSignals(Observations& o) {
  const std::vector<bool> signals = Signals(o);
  if (signals.empty()) return;
  const auto is_signal = [&](ObjectIndex object) {
    return object < signals.size() && signals[object];
  };
  const auto is_permit = [&](const Hold& h) { return is_signal(h.object); };
  std::erase_if(o.dependencies, [&](Dependency& d) {
    if (is_signal(d.lock)) return true;
    d.held.erase(std::remove_if(d.held.begin(), d.held.end(), is_permit),
                 d.held.end());
    if (!d.held.empty()) return false;
    o.requests.push_back(WithEmptyHands(d));
    return true;
  });
  std::erase_if(o.requests,
                [&](const Request& r) { return is_signal(r.lock); });
  for (EndState& end : o.end) std::erase_if(end.held, is_permit);
}

bool IsSignalled(const Observations& o, ObjectIndex object) {
  return HasPermits(o, object) &&
         std::any_of(o.notifications.begin(), o.notifications.end(),
                     [&](const Notification& n) { return n.object == object; });
}

Request WithEmptyHands(Dependency& d) {
  Request request;
  request.actor = d.actor;
  request.lock = d.lock;
  request.mode = d.mode;
  request.how = d.how;
  request.site = d.site;
  request.stack = d.stack;
  request.count = d.count;
  request.phases = std::move(d.phases);
  return request;
}

bool AnybodyReleases(const Observations& o, ObjectIndex object) {
  if (o.recording == nullptr || object >= o.recording->objects.size()) {
    return false;
  }
  return model::EndsByAnybody(o.recording->objects[object].kind);
}

}  // namespace lockcheck::analysis
