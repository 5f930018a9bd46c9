// From an actor's records to the recording's tables: ids in the file become
// indices, kNone where nothing is known of them; ticks become nanoseconds.
//
// Object() and Site() are an array look-up each, so the scan can afford them.
// Thread safety: const.
#ifndef LOCKCHECK_LIB_ANALYSIS_RAW_IDS_H_
#define LOCKCHECK_LIB_ANALYSIS_RAW_IDS_H_

#include <cmath>
#include <cstdint>
#include <vector>

#include "lib/analysis/observations.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

class RawIds {
 public:
  RawIds(const log::Recording& recording, ActorIndex actor)
      : recording_(recording),
        objects_(ObjectsOf(recording, actor)),
        sites_(recording.SitesById()) {}

  ObjectIndex Object(uint32_t id) const {
    return id < objects_.size() ? objects_[id] : kNone;
  }
  SiteIndex Site(uint32_t id) const {
    return id < sites_.size() ? sites_[id] : kNone;
  }
  ActorIndex Actor(uint32_t id) const {
    return id == 0 ? kNone : recording_.FindActor(id);
  }
  StackIndex Stack(uint32_t id) const {
    return id == 0 ? kNone : recording_.FindStack(id);
  }
  ObjectIndex EndOf(ActorIndex actor) const {
    return static_cast<ObjectIndex>(recording_.objects.size() + actor);
  }
  // The object itself, or END(actor) if `id` is that of a joined actor.
  ObjectIndex Target(uint32_t id, bool joins) const {
    if (!joins) return Object(id);
    const ActorIndex actor = Actor(id);
    return actor == kNone ? kNone : EndOf(actor);
  }
  model::ObjectKind Kind(ObjectIndex object) const {
    return object < recording_.objects.size() ? recording_.objects[object].kind
                                              : model::ObjectKind::kUnknown;
  }
  // No actor ends a wait for it.
  bool IsOutside(ObjectIndex object) const {
    return model::PrimitiveOf(Kind(object)).outside;
  }
  // Something can be held of it. What has no entry is taken for a lock.
  bool CanBeHeld(ObjectIndex object) const {
    return model::CanBeHeld(Kind(object));
  }
  // Whether `id`, an actor, is a task of a pool or a coroutine.
  bool IsCarried(uint32_t id) const {
    const ActorIndex actor = Actor(id);
    return actor < recording_.actors.size() &&
           log::IsCarried(recording_.actors[actor].how);
  }
  // Whole nanoseconds between two stamps.
  uint64_t Ns(uint64_t from, uint64_t to) const {
    return Ns(recording_.clock, from, to);
  }
  static uint64_t Ns(const log::Clock& clock, uint64_t from, uint64_t to) {
    if (to <= from) return 0;  // counters of two cores may differ a little
    const double ns = static_cast<double>(to - from) * clock.ns_per_tick;
    constexpr double kLimit = 9e18;  // 285 years: a damaged stamp
    return ns >= 0 && ns < kLimit ? static_cast<uint64_t>(std::llround(ns)) : 0;
  }

 private:
  static const std::vector<ObjectIndex>& ObjectsOf(
      const log::Recording& recording, ActorIndex actor) {
    static const std::vector<ObjectIndex> none;
    const log::ProcessIndex process = recording.actors[actor].process;
    return process < recording.processes.size() ? recording.ObjectsOf(process)
                                                : none;
  }

  const log::Recording& recording_;
  const std::vector<ObjectIndex>& objects_;
  const std::vector<SiteIndex>& sites_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_RAW_IDS_H_
