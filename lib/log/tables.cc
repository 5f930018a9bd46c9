#include "lib/log/tables.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "lib/log/declared_order.h"
#include "lib/log/order_key.h"
#include "lib/log/place_frame.h"

namespace lockcheck::log {
namespace {

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::vector<std::string> SplitAtZeros(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\0'), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

class TableBuilder {
 public:
  TableBuilder(const LogFile& file, std::span<const Findings> found,
               const Usage& usage, Recording& recording)
      : file_(file), found_(found), usage_(usage), r_(recording) {}

  IdMaps Build(Streams streams) {
    BuildModules();
    BuildPlaces();
    BuildSites();
    BuildStacks();
    BuildProcesses(streams);
    BuildActors(std::move(streams));
    BuildObjects();
    BuildDeclaredOrders();
    return std::move(ids_);
  }

 private:
  // The first definition of each id, in the order of the ids.
  template <typename Row>
  std::vector<const Row*> FirstRows(std::vector<Row> Findings::*rows) const {
    std::vector<const Row*> all;
    for (const Findings& part : found_) {
      for (const Row& row : part.*rows) all.push_back(&row);
    }
    std::stable_sort(all.begin(), all.end(),
                     [](auto* a, auto* b) { return a->id < b->id; });
    all.erase(std::unique(all.begin(), all.end(),
                          [](auto* a, auto* b) { return a->id == b->id; }),
              all.end());
    return all;
  }

  // How many ids a table that is indexed by id may have. A definition takes
  // more than four words of the file, so the file's words would do if nothing
  // were lost; a ring forgets, so there the header's count stands.
  uint64_t IdBound(uint32_t given_out) const {
    uint64_t bound = (1u << 20) + file_.size() / sizeof(uint32_t);
    if (file_.header().ring_blocks != 0)
      bound = std::max<uint64_t>(bound, std::min(given_out, 1u << 26));
    return std::min<uint64_t>(bound, kNone);
  }

  std::vector<Frame> Frames(std::span<const uint32_t> raw) const {
    std::vector<Frame> frames(raw.size() / 2);
    for (size_t i = 0; i < frames.size(); ++i) {
      const uint64_t frame = FrameAt(raw, i);
      frames[i] = FrameModule(frame) == kPlaceModule
                      ? PlaceFrame(FrameOffset(frame))
                      : Frame{IdMaps::Find(ids_.modules, FrameModule(frame)),
                              FrameOffset(frame)};
    }
    return frames;
  }

  Frame PlaceFrame(uint64_t id) const {
    const uint32_t place =
        id < kNone ? IdMaps::Find(ids_.places, static_cast<uint32_t>(id))
                   : kNone;
    return place == kNone ? Frame{} : Frame{kPlaceFrame, place};
  }

  void BuildModules() {
    for (const ModuleRow* row : FirstRows(&Findings::modules)) {
      if (row->id == 0) continue;  // no module
      ids_.modules[row->id] = static_cast<uint32_t>(r_.modules.size());
      r_.modules.push_back(
          {std::string(row->path), Hex(row->build_id), row->base, row->size});
    }
  }

  void BuildPlaces() {
    for (const PlaceRow* row : FirstRows(&Findings::places)) {
      ids_.places[row->id] = static_cast<uint32_t>(r_.places.size());
      r_.places.push_back({row->line, row->column, std::string(row->file),
                           std::string(row->function)});
    }
  }

  void BuildSites() {
    const uint64_t bound =
        IdBound(file_.header().next_site.load(std::memory_order_relaxed));
    const auto rows = FirstRows(&Findings::sites);
    std::vector<uint32_t> all;
    all.reserve(rows.size());
    for (const SiteRow* row : rows) all.push_back(row->id);
    usage_.sites.ForEach([&](uint32_t id) {
      if (id >= kFirstSite) all.push_back(id);
    });
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    DropImplausible(all, bound);
    ids_.sites.assign(all.empty() ? 0 : all.back() + 1, kNone);
    auto row = rows.begin();
    for (const uint32_t id : all) {
      ids_.sites[id] = static_cast<SiteIndex>(r_.sites.size());
      Site site;
      site.id = id;
      while (row != rows.end() && (*row)->id < id) ++row;
      if (row != rows.end() && (*row)->id == id) {
        site.actor = (*row)->actor;
        site.frames = Frames((*row)->frames);
      }
      r_.sites.push_back(std::move(site));
    }
  }

  void BuildStacks() {
    for (const StackRow* row : FirstRows(&Findings::stacks)) {
      ids_.stacks[row->id] = static_cast<StackIndex>(r_.stacks.size());
      r_.stacks.push_back({row->id, row->actor, row->of, Frames(row->frames)});
    }
  }

  void BuildProcesses(const Streams& streams) {
    const auto rows = FirstRows(&Findings::processes);
    std::set<uint32_t> all;
    for (const ProcessRow* row : rows) all.insert(row->id);
    for (const auto& [actor, stream] : streams) all.insert(stream.process);
    for (const uint32_t id : all) {
      ids_.processes[id] = static_cast<ProcessIndex>(r_.processes.size());
      r_.processes.emplace_back().id = id;
    }
    for (const ProcessRow* row : rows) {
      Process& p = r_.processes[ids_.processes[row->id]];
      p.pid = row->pid;
      p.parent = row->parent == 0 || row->parent == row->id
                     ? kNone
                     : IdMaps::Find(ids_.processes, row->parent);
      p.start_time = row->start_time;
      p.program = row->program;
      p.host = row->host;
      p.options = row->options;
      p.arguments = SplitAtZeros(row->arguments);
    }
    for (const Findings& part : found_) {
      for (const ExitRow& row : part.exits) {
        const auto it = ids_.processes.find(row.process);
        if (it == ids_.processes.end()) continue;
        r_.processes[it->second].exited = true;
        r_.processes[it->second].cpu_ns = row.cpu_ns;
      }
    }
    MarkReplacedByExec();
  }

  void MarkReplacedByExec() {
    absl::flat_hash_map<std::pair<uint32_t, uint64_t>, ProcessIndex> last;
    for (ProcessIndex i = 0; i < r_.processes.size(); ++i) {
      const Process& p = r_.processes[i];
      if (p.pid == 0 || p.start_time == 0) continue;
      const auto [it, first] = last.try_emplace({p.pid, p.start_time}, i);
      if (first) continue;
      r_.processes[it->second].replaced_by_exec = true;
      it->second = i;
    }
  }

  void BuildActors(Streams&& streams) {
    for (auto& [id, stream] : streams) {
      ids_.actors[id] = static_cast<ActorIndex>(r_.actors.size());
      Actor& actor = r_.actors.emplace_back();
      actor.id = id;
      actor.process = IdMaps::Find(ids_.processes, stream.process);
      actor.segments = std::move(stream.segments);
    }
    for (const Findings& part : found_) {
      for (const BeginRow& row : part.begins) {
        const ActorIndex index = IdMaps::Find(ids_.actors, row.actor);
        if (index == kNone || r_.actors[index].begun) continue;
        Actor& actor = r_.actors[index];
        actor.begun = true;
        actor.how = row.how;
        actor.tid = row.tid;
        actor.begin_ticks = row.ticks;
        if (row.parent != 0 && row.parent != row.actor)
          actor.parent = IdMaps::Find(ids_.actors, row.parent);
      }
      for (const EndRow& row : part.ends) {
        const ActorIndex index = IdMaps::Find(ids_.actors, row.actor);
        if (index == kNone) continue;
        Actor& actor = r_.actors[index];
        actor.ended = true;
        actor.end_ticks = row.ticks;
        actor.cpu_ns = row.cpu_ns;
        actor.voluntary = row.voluntary;
        actor.involuntary = row.involuntary;
      }
      for (const NameRow& row : part.names) {
        if (row.target != NameTarget::kActor) continue;
        const ActorIndex index = IdMaps::Find(ids_.actors, row.id);
        if (index != kNone) r_.actors[index].name = row.name;
      }
    }
  }

  void BuildObjects() {
    for (const Findings& part : found_) {
      for (const ObjectRow& row : part.objects) {
        own_rows_.try_emplace({row.process, row.id}, &row);
        any_row_.try_emplace(row.id, &row);
      }
      for (const NameRow& row : part.names) {
        if (row.target == NameTarget::kObject)
          names_[{row.process, row.id}] = row.name;
        if (row.target == kOrderKeyName)
          keys_[{row.process, row.id}] = row.name;
      }
    }
    const uint64_t bound =
        IdBound(file_.header().next_object.load(std::memory_order_relaxed));
    // Over all processes: forked children use their parent's ids again.
    uint64_t budget = 4 * bound + 16 * (file_.size() / sizeof(uint32_t));
    ids_.objects.resize(r_.processes.size());
    for (ProcessIndex p = 0; p < r_.processes.size(); ++p) {
      const auto used = usage_.objects.find(r_.processes[p].id);
      if (used == usage_.objects.end()) continue;
      std::vector<uint32_t> all;
      used->second.ForEach([&](uint32_t id) { all.push_back(id); });
      std::sort(all.begin(), all.end());
      DropImplausible(all, std::min(bound, budget));
      if (all.empty()) continue;
      ids_.objects[p].assign(all.back() + 1, kNone);
      budget -= all.back() + 1;
      for (const uint32_t id : all) {
        ids_.objects[p][id] = IndexOf(p, id);
      }
    }
  }

  void BuildDeclaredOrders() {
    std::set<std::tuple<ObjectIndex, ObjectIndex, SiteIndex>> known;
    for (const Findings& part : found_) {
      for (const NameRow& row : part.names) {
        if (row.target != kDeclaredOrderName || row.id == 0) continue;
        const auto after = ParseDeclaredOrder(row.name);
        const auto process = IdMaps::Find(ids_.processes, row.process);
        if (!after || process == kNone) continue;
        const DeclaredOrder order = {FindObject(process, row.id),
                                     FindObject(process, after->second),
                                     process, ids_.FindSite(after->site)};
        if (order.first == kNone || order.second == kNone) continue;
        if (known.emplace(order.first, order.second, order.site).second) {
          r_.declared_orders.push_back(order);
        }
      }
    }
  }

  ObjectIndex FindObject(ProcessIndex process, uint32_t id) const {
    const auto& known = ids_.objects[process];
    return id < known.size() ? known[id] : kNone;
  }

  ObjectIndex IndexOf(ProcessIndex process, uint32_t id) {
    const auto next = static_cast<ObjectIndex>(r_.objects.size());
    const auto any = any_row_.find(id);
    if (any != any_row_.end() && IsBetweenProcesses(any->second->kind)) {
      const auto [known, is_new] = between_.try_emplace(id, next);
      if (!is_new) return known->second;
    }
    r_.objects.push_back(MakeObject(process, id));
    return next;
  }

  Object MakeObject(ProcessIndex process, uint32_t id) const {
    Object object;
    object.id = id;
    object.process = process;
    const auto own = own_rows_.find({r_.processes[process].id, id});
    const ObjectRow* row = own != own_rows_.end() ? own->second : nullptr;
    if (row == nullptr) {
      // Defined by the process that this one was forked from.
      const auto any = any_row_.find(id);
      if (any != any_row_.end()) row = any->second;
    }
    if (row != nullptr) {
      object.kind = model::PrimitiveOf(row->kind).kind;
      object.name = row->name;
      object.place = IdMaps::Find(ids_.places, row->place);
      object.first_use = ids_.FindSite(row->site);
      object.address = row->address;
      object.value = row->value;
    }
    if (const auto* name = SaidLater(names_, process, id)) object.name = *name;
    if (const auto* key = SaidLater(keys_, process, id);
        key != nullptr && !model::EndsByAnybody(object.kind)) {
      object.value = ValueOfKey(*key);
    }
    return object;
  }

  // By this process or one that it was forked from; null: nobody did.
  template <typename Said>
  const std::string_view* SaidLater(const Said& said, ProcessIndex process,
                                    uint32_t id) const {
    size_t steps = r_.processes.size();
    for (ProcessIndex p = process; p != kNone && steps > 0;
         p = r_.processes[p].parent, --steps) {
      const auto found = said.find({r_.processes[p].id, id});
      if (found != said.end()) return &found->second;
    }
    return nullptr;
  }

  // 0: it is no key.
  static uint32_t ValueOfKey(std::string_view text) {
    uint32_t key = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), key);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && key <= kLargestOrderKey ? key + 1 : 0;
  }

  void DropImplausible(std::vector<uint32_t>& sorted, uint64_t bound) {
    while (!sorted.empty() && sorted.back() >= bound) {
      sorted.pop_back();
      ++ids_.implausible_ids;
    }
  }

  const LogFile& file_;
  const std::span<const Findings> found_;
  const Usage& usage_;
  Recording& r_;
  IdMaps ids_;
  using ProcessAndId = std::pair<uint32_t, uint32_t>;
  absl::flat_hash_map<ProcessAndId, const ObjectRow*> own_rows_;
  absl::flat_hash_map<uint32_t, const ObjectRow*> any_row_;
  absl::flat_hash_map<uint32_t, ObjectIndex> between_;  // processes
  absl::flat_hash_map<ProcessAndId, std::string_view> names_, keys_;
};

}  // namespace

IdMaps BuildTables(const LogFile& file, std::span<const Findings> found,
                   const Usage& usage, Streams streams, Recording& recording) {
  return TableBuilder(file, found, usage, recording).Build(std::move(streams));
}

}  // namespace lockcheck::log
