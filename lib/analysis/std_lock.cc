#include "lib/analysis/std_lock.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "lib/analysis/permits.h"
#include "lib/analysis/stack_finder.h"

namespace lockcheck::analysis {
namespace {

class Reader {
 public:
  Reader(StdLockPlaces& places, Observations& o) : places_(places), o_(o) {}

  void Read() {
    std::erase_if(o_.dependencies, [&](Dependency& d) {
      d.perhaps_retried_under = 0;
      if (!IsCandidate(d)) return false;
      const Members members = MembersHeld(d);
      const Answer answer = IsRetried(d);
      if (answer == Answer::kYes) return Retry(d, members.count);
      if (answer == Answer::kNotKnown && members.first_is_known) {
        d.perhaps_retried_under =
            static_cast<uint16_t>(d.held.size() - members.count);
      }
      return false;
    });
  }

 private:
  using Answer = StdLockPlaces::Answer;

  struct Members {
    size_t count = 0;
    bool first_is_known = false;  // it was waited for
  };

  // Whom the actor asked for, and what it held, by their objects.
  using Asked = std::vector<uint32_t>;

  static Asked AskedFor(ActorIndex actor, ObjectIndex lock,
                        std::span<const Hold> held) {
    Asked asked = {actor, lock};
    for (const Hold& hold : held) asked.push_back(hold.object);
    return asked;
  }

  bool IsCandidate(const Dependency& d) {
    return d.how == model::How::kTry &&
           places_.CallerAt(d.held.back().site) == places_.CallerAt(d.site);
  }

  // True: nothing was held before the call, so it is a dependency no more.
  bool Retry(Dependency& d, size_t members) {
    d.how = model::How::kRetried;
    d.held.resize(d.held.size() - members);
    if (!d.held.empty()) return false;
    o_.requests.push_back(WithEmptyHands(d));
    return true;
  }

  Answer IsRetried(const Dependency& d) {
    StackIndex stack = d.stack;
    if (stack == kNone) {
      if (!stacks_) stacks_.emplace(*o_.recording);
      stack = stacks_->OfRequest(d.actor, d.lock, d.site, &d.held.back());
    }
    return places_.IsInStdLock(stack, d.site);
  }

  // How many of the locks held are members of the same call: it waited for the
  // first of them and tried the others. The same call may be active further
  // out, which waited for a lock of its own.
  Members MembersHeld(const Dependency& d) {
    if (waited_for_.empty()) NoteWaits();
    const uint32_t caller = places_.CallerAt(d.site);
    Members members;
    size_t i = d.held.size();
    while (i > 0 && places_.CallerAt(d.held[i - 1].site) == caller) {
      --i;
      ++members.count;
      const std::span<const Hold> before(d.held.data(), i);
      if (waited_for_.contains(AskedFor(d.actor, d.held[i].object, before))) {
        members.first_is_known = true;
        break;
      }
    }
    return members;
  }

  void NoteWaits() {
    for (const Dependency& d : o_.dependencies) {
      if (GivesUp(d.how)) continue;
      waited_for_.insert(AskedFor(d.actor, d.lock, d.held));
    }
    for (const Request& r : o_.requests) {
      if (!GivesUp(r.how)) waited_for_.insert(AskedFor(r.actor, r.lock, {}));
    }
  }

  StdLockPlaces& places_;
  Observations& o_;
  absl::flat_hash_set<Asked> waited_for_;
  std::optional<StackFinder> stacks_;
};

}  // namespace

void ReadStdLockAsOneRequest(StdLockPlaces& places, Observations& o) {
  Reader(places, o).Read();
}

}  // namespace lockcheck::analysis
