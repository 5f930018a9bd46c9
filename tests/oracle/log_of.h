// From a trace to a log of the same events, as the recorder would have written
// it: so that what is compared with the search is all that stands between a
// log and a verdict.
// Those that nobody forks are started by one more actor, main, at once.
//
// Raw ids: actor and lock are one more than in the trace, a site is
// log::kFirstSite more. Every actor that does not wait at the trace's end has
// ended.
#ifndef LOCKCHECK_TESTS_ORACLE_LOG_OF_H_
#define LOCKCHECK_TESTS_ORACLE_LOG_OF_H_

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "tests/log/log_builder.h"
#include "tests/oracle/trace.h"

namespace lockcheck::oracle {

class LogOf {
 public:
  explicit LogOf(const Trace& trace)
      : trace_(trace),
        locks_(trace.locks.size()),
        held_(trace.actor_count),
        versions_(trace.variables.size()),
        seen_(trace.actor_count) {
    Define();
    for (const Event& e : trace.events) Add(e);
    for (uint32_t a = 0; a < trace.actor_count; ++a) {
      if (exists_[a] && !waits_.contains(a)) log_.End(ActorId(a));
    }
    log_.End(MainId());
  }

  log::testing::LogBuilder& builder() { return log_; }

 private:
  static uint32_t ActorId(uint32_t actor) { return actor + 1; }
  uint32_t MainId() const { return trace_.actor_count + 1; }
  static uint32_t LockId(uint32_t lock) { return lock + 1; }
  uint32_t VariableId(uint32_t variable) const {
    return static_cast<uint32_t>(trace_.locks.size()) + variable + 1;
  }
  static uint32_t SiteId(uint32_t site) { return log::kFirstSite + site; }

  // A lock counts how often it went from one to another; readers are one.
  struct Lock {
    static constexpr uint32_t kNobody = UINT32_MAX, kReaders = UINT32_MAX - 1;
    uint32_t last = kNobody;
    uint32_t handovers = 0;
  };

  void Define() {
    std::vector<uint32_t> parent(trace_.actor_count, UINT32_MAX);
    std::set<uint32_t> sites, shared;
    exists_.assign(trace_.actor_count, false);
    for (const Event& e : trace_.events) {
      exists_[e.actor] = true;
      sites.insert(e.site);
      if (e.op == Op::kFork) parent[e.object] = e.actor;
      if (e.op == Op::kFork) exists_[e.object] = true;
      if (e.mode == model::Mode::kShared) shared.insert(e.object);
    }
    exists_[0] = true;
    log_.Process(1).Actor(MainId(), log::BeginHow::kMain);
    for (uint32_t l = 0; l < trace_.locks.size(); ++l) {
      log_.Object(LockId(l),
                  shared.contains(l) ? model::ObjectKind::kSharedMutex
                                     : model::ObjectKind::kMutex,
                  trace_.locks[l]);
    }
    for (uint32_t v = 0; v < trace_.variables.size(); ++v) {
      log_.Object(VariableId(v), model::ObjectKind::kAtomic,
                  trace_.variables[v]);
    }
    for (const uint32_t site : sites) {
      log_.Site(SiteId(site), {log::PackFrame(1, 16 * (site + 1))});
    }
    for (uint32_t a = 0; a < trace_.actor_count; ++a) {
      if (!exists_[a]) continue;
      const bool forked = parent[a] != UINT32_MAX;
      if (!forked) log_.Fork(MainId(), ActorId(a));
      log_.Actor(ActorId(a), log::BeginHow::kStarted,
                 {.parent = forked ? ActorId(parent[a]) : MainId()});
    }
  }

  void Add(const Event& e) {
    const uint32_t actor = ActorId(e.actor);
    if (!IsAccess(e.op)) seen_[e.actor].clear();
    switch (e.op) {
      case Op::kAcquire:
        return Acquire(e);
      case Op::kRelease:
        return Release(e);
      case Op::kRequest:
        waits_.insert(e.actor);
        if (e.join) {
          log_.JoinBlock(actor, ActorId(e.object), SiteId(e.site), e.how);
        } else {
          log_.Block(actor, LockId(e.object), SiteId(e.site), 0, 0,
                     {.how = e.how, .mode = e.mode});
        }
        return;
      case Op::kFork:
        log_.Fork(actor, ActorId(e.object));
        return;
      case Op::kJoin:
        log_.JoinBlock(actor, ActorId(e.object), SiteId(e.site));
        log_.Join(actor, ActorId(e.object));
        return;
      case Op::kEnd:
        return;
      case Op::kRead:
      case Op::kWrite:
      case Op::kUpdate:
        return Access(e);
    }
  }

  // What was read again with nothing but reads since is not recorded again.
  void Access(const Event& e) {
    uint32_t& version = versions_[e.object];
    auto& seen = seen_[e.actor];
    if (Writes(e.op)) {
      ++version;
      seen.clear();
    }
    if (!seen.insert({e.object, version}).second) return;
    const auto access = e.op == Op::kRead    ? model::Access::kRead
                        : e.op == Op::kWrite ? model::Access::kWrite
                                             : model::Access::kUpdate;
    log_.Access(ActorId(e.actor), access, VariableId(e.object), SiteId(e.site),
                version);
  }

  void Acquire(const Event& e) {
    Lock& lock = locks_[e.object];
    log::testing::Extras extras = {.how = e.how, .mode = e.mode};
    const bool reads = e.mode == model::Mode::kShared;
    const bool changes =
        !reads && lock.last != Lock::kNobody && lock.last != e.actor;
    if (changes) ++lock.handovers;
    if (reads || changes) extras.handover = lock.handovers;
    lock.last = reads ? Lock::kReaders : e.actor;
    log_.Open(ActorId(e.actor), LockId(e.object), SiteId(e.site), extras);
    held_[e.actor].push_back(e.object);
  }

  void Release(const Event& e) {
    auto& held = held_[e.actor];
    for (size_t depth = 0; depth < held.size(); ++depth) {
      if (held[held.size() - 1 - depth] != e.object) continue;
      held.erase(held.end() - 1 - static_cast<ptrdiff_t>(depth));
      log_.Close(ActorId(e.actor), static_cast<uint32_t>(depth));
      return;
    }
  }

  const Trace& trace_;
  log::testing::LogBuilder log_;
  std::vector<Lock> locks_;
  std::vector<std::vector<uint32_t>> held_;  // by actor
  std::vector<bool> exists_;                 // by actor
  std::set<uint32_t> waits_;
  std::vector<uint32_t> versions_;  // by variable
  // By actor: variables and versions since its last other event.
  std::vector<std::set<std::pair<uint32_t, uint32_t>>> seen_;
};

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_LOG_OF_H_
