#include "lib/analysis/recursive_read.h"

#include <algorithm>
#include <map>
#include <span>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/phase_order.h"

namespace lockcheck::analysis {
namespace {

struct Writer {
  ActorIndex actor;
  SiteIndex site;
  StackIndex stack;
  model::How how;
  uint64_t count;
  std::span<const Hold> held;
  std::span<const uint32_t> phases;
};

// The outermost hold of the lock, if all holds of it are shared.
const Hold* ReadAlready(const Dependency& d) {
  const Hold* outer = nullptr;
  for (const Hold& hold : d.held) {
    if (hold.object != d.lock) continue;
    if (hold.mode != model::Mode::kShared) return nullptr;
    if (outer == nullptr) outer = &hold;
  }
  return outer;
}

bool IsRecursiveRead(const Dependency& d) {
  return d.mode == model::Mode::kShared && !GivesUp(d.how) &&
         ReadAlready(d) != nullptr;
}

class RecursiveReads {
 public:
  explicit RecursiveReads(const Observations& o) : o_(o) {
    for (const Dependency& d : o_.dependencies) {
      if (IsRecursiveRead(d)) writers_[d.lock];
    }
  }

  void Find(std::vector<Finding>& findings) {
    if (writers_.empty()) return;
    CollectWriters();
    PhaseOrder order(o_);
    std::map<std::tuple<ObjectIndex, SiteIndex, SiteIndex>, size_t> rows;
    for (const Dependency& d : o_.dependencies) {
      if (!IsRecursiveRead(d)) continue;
      const Writer* const writer = WriterBeside(d, order);
      if (writer == nullptr) continue;
      const auto [row, is_new] = rows.try_emplace(
          std::tuple(d.lock, ReadAlready(d)->site, d.site), findings.size());
      if (is_new) {
        findings.push_back(ToFinding(d, *writer));
      } else {
        ++findings[row->second].count;
      }
    }
  }

 private:
  // One that gives up keeps readers out for a while only.
  void CollectWriters() {
    const auto add = [&](const auto& asked, std::span<const Hold> held) {
      if (asked.mode != model::Mode::kExclusive || GivesUp(asked.how)) return;
      const auto of_lock = writers_.find(asked.lock);
      if (of_lock == writers_.end()) return;
      of_lock->second.push_back({asked.actor,
                                 asked.site,
                                 asked.stack,
                                 asked.how,
                                 asked.count,
                                 held,
                                 {asked.phases.begin(), asked.phases.end()}});
    };
    for (const Request& r : o_.requests) add(r, {});
    for (const Dependency& d : o_.dependencies) add(d, d.held);
  }

  static bool KeptApart(const Dependency& reader, const Writer& writer) {
    return std::any_of(
        reader.held.begin(), reader.held.end(), [&](const Hold& a) {
          return a.object != reader.lock &&
                 std::any_of(writer.held.begin(), writer.held.end(),
                             [&](const Hold& b) {
                               return a.object == b.object &&
                                      Exclude(a.mode, b.mode);
                             });
        });
  }

  const Writer* WriterBeside(const Dependency& d, PhaseOrder& order) const {
    for (const Writer& writer : writers_.at(d.lock)) {
      if (writer.actor == d.actor || KeptApart(d, writer)) continue;
      for (const uint32_t phase : d.phases) {
        const PhaseWindow window =
            order.ConeOf(d.actor, phase).Concurrent(writer.actor);
        if (std::any_of(writer.phases.begin(), writer.phases.end(),
                        [&](uint32_t p) { return window.Contains(p); })) {
          return &writer;
        }
      }
    }
    return nullptr;
  }

  static Finding ToFinding(const Dependency& d, const Writer& w) {
    Part reader;
    reader.actor = d.actor;
    reader.holds.assign(d.held.begin(), d.held.end());
    const auto outer = reader.holds.begin() + (ReadAlready(d) - &d.held[0]);
    reader.outer = static_cast<uint32_t>(outer - reader.holds.begin());
    std::rotate(reader.holds.begin(), outer, outer + 1);
    reader.wants = d.lock;
    reader.mode = d.mode;
    reader.how = d.how;
    reader.site = d.site;
    reader.stack = d.stack;
    reader.count = d.count;
    Part writer;
    writer.actor = w.actor;
    writer.holds.assign(w.held.begin(), w.held.end());
    writer.wants = d.lock;
    writer.how = w.how;
    writer.site = w.site;
    writer.stack = w.stack;
    writer.count = w.count;
    Finding finding;
    finding.kind = Kind::kHazard;
    finding.rule = Rule::kRecursiveRead;
    finding.parts = {std::move(reader), std::move(writer)};
    finding.objects = {d.lock};
    finding.assumes = {"a writer that waits stops new readers"};
    return finding;
  }

  const Observations& o_;
  absl::flat_hash_map<ObjectIndex, std::vector<Writer>> writers_;
};

}  // namespace

void FindRecursiveReads(const Observations& observations,
                        std::vector<Finding>& findings) {
  RecursiveReads(observations).Find(findings);
}

}  // namespace lockcheck::analysis
