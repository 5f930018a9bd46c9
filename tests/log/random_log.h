// A random recording of several actors together with what a reader must say of
// it: each actor's events in order, and what it holds at each of its segments.
#ifndef LOCKCHECK_TESTS_LOG_RANDOM_LOG_H_
#define LOCKCHECK_TESTS_LOG_RANDOM_LOG_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/log/log_builder.h"

namespace lockcheck::log::testing {

struct RandomLogOptions {
  uint32_t actors = 4;
  int events = 2000;         // over all actors
  size_t split_every = 120;  // words of a block
  bool hot = false;          // the last blocks stay hot, nobody exits
};

class RandomLog {
 public:
  RandomLog(uint32_t seed, const RandomLogOptions& options)
      : random_(seed), options_(options) {
    builder.SplitEvery(options.split_every);
    builder.Process(1, {.program = "/bin/random"});
    for (uint32_t actor = 1; actor <= options.actors; ++actor) Start(actor);
    for (int i = 0; i < options.events; ++i) Step(1 + Below(options.actors));
    if (options.hot) return;
    for (uint32_t actor = options.actors; actor >= 1; --actor) {
      while (!held[actor].empty()) Close(actor, 0);
      builder.End(actor);
    }
    builder.Exit(1);
  }

  LogBuilder builder;
  // In the words of Transcript; sections, holds and tries only.
  std::map<uint32_t, std::vector<std::string>> events;
  std::map<uint32_t, std::vector<Held>> held;

 private:
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  uint32_t Object() {
    return Below(8) ? 1 + Below(20) : kShortObjects + Below(5);
  }
  uint32_t Site() {
    return Below(8) ? kFirstSite + Below(20) : kShortSites + Below(5);
  }
  void Start(uint32_t actor) {
    if (actor == 1) {
      builder.Actor(1, BeginHow::kMain, {.hot = options_.hot});
      builder.Module(1, "/bin/random");
    } else {
      builder.Fork(1, actor).Actor(actor, BeginHow::kStarted,
                                   {.parent = 1, .hot = options_.hot});
    }
    builder.Name(NameTarget::kActor, actor, absl::StrCat("actor", actor));
  }
  void Step(uint32_t actor) {
    builder.Advance(Below(5000));
    const uint32_t object = Object(), site = Site();
    const std::string at = absl::StrCat(object, "@", site);
    auto& said = events[actor];
    switch (Below(16)) {
      case 0:
        builder.Object(object, model::ObjectKind::kMutex,
                       absl::StrCat("m", object));
        builder.Site(site, {PackFrame(1, site * 16)});
        break;
      case 1:
      case 2:
        builder.Open(actor, object, site);
        held[actor].push_back({object, site});
        said.push_back("acquire " + at);
        break;
      case 3:
        builder.Open(actor, object, site, {.handover = 3});
        held[actor].push_back({object, site});
        said.push_back("acquire " + at + " handover 3");
        break;
      case 4:
      case 5:
      case 6:
        if (!held[actor].empty())
          Close(actor, Below(static_cast<uint32_t>(held[actor].size())));
        break;
      case 7:
        builder.TryFailed(actor, object, site);
        said.push_back("try failed " + at + " how 1");
        break;
      case 8:
        if (!held[actor].empty() && object < kShortObjects &&
            site < kShortSites) {
          builder.SectionThenClose(actor, object, site);
          said.push_back("section " + at);
          said.push_back("release 0");
          held[actor].pop_back();
        }
        break;
      case 9:
        if (Below(4) == 0) builder.NewSegment(actor);
        break;
      case 10:
      case 11:
        Read(actor, site, false);
        break;
      case 12:
        Read(actor, site, true);
        break;
      default:
        builder.Section(actor, object, site);
        said.push_back("section " + at);
        break;
    }
  }
  // Of few objects and counts, so that many repeat the one before.
  void Read(uint32_t actor, uint32_t site, bool open) {
    const uint32_t object = 1 + Below(2), count = 1 + Below(2);
    const Extras reads = {.mode = model::Mode::kShared, .handover = count};
    events[actor].push_back(absl::StrCat(open ? "acquire " : "section ", object,
                                         "@", site, " shared after ", count));
    if (open) {
      builder.Open(actor, object, site, reads);
      held[actor].push_back({object, site});
    } else {
      builder.Section(actor, object, site, reads);
    }
  }
  void Close(uint32_t actor, uint32_t depth) {
    builder.Close(actor, depth);
    events[actor].push_back(absl::StrCat("release ", depth));
    held[actor].erase(held[actor].end() - 1 - depth);
  }

  std::mt19937 random_;
  RandomLogOptions options_;
};

}  // namespace lockcheck::log::testing

#endif  // LOCKCHECK_TESTS_LOG_RANDOM_LOG_H_
