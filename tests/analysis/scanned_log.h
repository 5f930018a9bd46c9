// A log from LogBuilder, opened and scanned, with what the scan found put in
// raw ids, so that a test can compare it with what it wrote.
#ifndef LOCKCHECK_TESTS_ANALYSIS_SCANNED_LOG_H_
#define LOCKCHECK_TESTS_ANALYSIS_SCANNED_LOG_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/analysis/statistics.h"
#include "lib/log/recording.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {

// Raw ids; END(actor) is kEnd + the actor's id.
inline constexpr uint32_t kEnd = 1u << 30;

struct HeldId {
  uint32_t object = 0, site = 0;
  model::Mode mode = model::Mode::kExclusive;
  friend auto operator<=>(const HeldId&, const HeldId&) = default;
  friend void PrintTo(const HeldId& h, std::ostream* out) {
    *out << h.object << '@' << h.site
         << (h.mode == model::Mode::kShared ? " shared" : "");
  }
};

// A Dependency, or a Request if `held` is empty.
struct Asking {
  uint32_t actor = 0, lock = 0, site = 0;
  std::vector<HeldId> held;
  model::How how = model::How::kBlocking;
  model::Mode mode = model::Mode::kExclusive;
  uint64_t count = 1;
  std::vector<uint32_t> phases = {0};
  friend auto operator<=>(const Asking&, const Asking&) = default;
  friend void PrintTo(const Asking& a, std::ostream* out) {
    *out << "actor " << a.actor << " asks for " << a.lock << '@' << a.site
         << " how " << static_cast<int>(a.how) << " mode "
         << static_cast<int>(a.mode) << " x" << a.count << " held "
         << ::testing::PrintToString(a.held) << " phases "
         << ::testing::PrintToString(a.phases);
  }
};

class ScannedLog {
 public:
  explicit ScannedLog(log::testing::LogBuilder& builder, unsigned threads = 1,
                      size_t piece_segments = 0) {
    static int number = 0;
    const std::string path = ::testing::TempDir() + "scanned." +
                             std::to_string(getpid()) + "." +
                             std::to_string(++number) + ".log";
    builder.Write(path);
    auto opened = log::Recording::Open(path);
    std::remove(path.c_str());
    if (!opened.ok()) {
      ADD_FAILURE() << opened.status();
      std::abort();
    }
    recording_ = *std::move(opened);
    result_ = Scan(*recording_,
                   {.threads = threads, .piece_segments = piece_segments});
  }

  const log::Recording& recording() const { return *recording_; }
  const Observations& observations() const { return result_.observations; }
  const Statistics& statistics() const { return result_.statistics; }
  const std::vector<std::string>& warnings() const { return result_.warnings; }
  const std::vector<std::string>& notes() const { return result_.notes; }

  // ---- By raw id ----
  ActorIndex actor(uint32_t id) const { return recording_->FindActor(id); }
  ObjectIndex object(uint32_t id) const {
    return recording_->FindObject(0, id);
  }
  SiteIndex site(uint32_t id) const { return recording_->FindSite(id); }
  const EndState& end(uint32_t id) const {
    return observations().end.at(actor(id));
  }
  const ObjectUsage& of_object(uint32_t id) const {
    return statistics().objects.at(object(id));
  }
  const Usage& of_site(uint32_t id) const {
    return statistics().sites.at(site(id));
  }
  const ActorUsage& of_actor(uint32_t id) const {
    return statistics().actors.at(actor(id));
  }

  // ---- In raw ids ----
  uint32_t ActorId(ActorIndex a) const {
    return a == kNone ? 0 : recording_->actors.at(a).id;
  }
  uint32_t SiteId(SiteIndex s) const {
    return s == kNone ? 0 : recording_->sites.at(s).id;
  }
  uint32_t ObjectId(ObjectIndex o) const {
    if (o == kNone) return 0;
    return observations().is_end_object(o)
               ? kEnd + ActorId(observations().actor_of_end(o))
               : recording_->objects.at(o).id;
  }
  std::vector<HeldId> Held(std::span<const Hold> held) const {
    std::vector<HeldId> ids;
    for (const Hold& h : held) {
      ids.push_back({ObjectId(h.object), SiteId(h.site), h.mode});
    }
    return ids;
  }
  std::vector<HeldId> HeldAtEnd(uint32_t actor) const {
    return Held(end(actor).held);
  }
  std::vector<Asking> dependencies() const {
    std::vector<Asking> list;
    for (const Dependency& d : observations().dependencies) {
      list.push_back({ActorId(d.actor),
                      ObjectId(d.lock),
                      SiteId(d.site),
                      Held(d.held),
                      d.how,
                      d.mode,
                      d.count,
                      {d.phases.begin(), d.phases.end()}});
    }
    return list;
  }
  std::vector<Asking> requests() const {
    std::vector<Asking> list;
    for (const Request& r : observations().requests) {
      list.push_back({ActorId(r.actor),
                      ObjectId(r.lock),
                      SiteId(r.site),
                      {},
                      r.how,
                      r.mode,
                      r.count,
                      {r.phases.begin(), r.phases.end()}});
    }
    return list;
  }
  // (from actor, its phase, to actor, its phase)
  using Edge = std::tuple<uint32_t, uint32_t, uint32_t, uint32_t>;
  std::vector<Edge> phase_edges() const {
    std::vector<Edge> edges;
    for (const PhaseEdge& e : observations().phase_edges) {
      edges.emplace_back(ActorId(e.from_actor), e.from_phase,
                         ActorId(e.to_actor), e.to_phase);
    }
    return edges;
  }

 private:
  std::unique_ptr<log::Recording> recording_;
  ScanResult result_;
};

}  // namespace lockcheck::analysis::testing

#endif  // LOCKCHECK_TESTS_ANALYSIS_SCANNED_LOG_H_
