#include "lib/report/naming.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "fmt/format.h"
#include "lib/symbolize/function_name.h"

namespace lockcheck::report {
namespace {

using log::BeginHow;
using log::kNone;

std::string_view KindOf(BeginHow how) {
  switch (how) {
    case BeginHow::kMain:
      return "main";
    case BeginHow::kStarted:
      return "thread";
    case BeginHow::kForeign:
      return "foreign";
    case BeginHow::kForkChild:
      return "fork-child";
    case BeginHow::kSignal:
      return "signal";
    case BeginHow::kTask:
      return "task";
    case BeginHow::kCoroutine:
      return "coroutine";
  }
  return "foreign";
}

// Headers of libstdc++ and libc++ are installed in a c++ folder below some
// include folder. A place without a file tells as little as theirs.
bool IsStdHeader(std::string_view file) {
  const size_t include = file.find("/include/");
  return file.empty() ||
         (include != file.npos && file.find("/c++/", include) != file.npos);
}

// Everything that decides an object's class, and its two names.
struct ClassNames {
  std::string key, name, stable;
  std::optional<SourceLine> created;
};

ClassNames ByName(const log::Object& object) {
  const std::string name = Printable(object.name);
  // Names that differ are two classes even if they look the same; and what is
  // held and what is only waited for are never one, nor are two kinds of the
  // latter, of which other things are said.
  const std::string kind = model::CanBeHeld(object.kind)
                               ? "n"
                               : model::PrimitiveOf(object.kind).name;
  return {fmt::format("{}\n{}", kind, object.name), name, name, std::nullopt};
}

ClassNames ByPlace(std::string_view kind, const log::Place& place) {
  ClassNames names;
  const std::string file = Printable(place.file);
  const std::string function =
      Printable(symbolize::ShortenDeclaration(place.function));
  // One constructor may make members of several kinds.
  names.key =
      fmt::format("p{}\n{}\n{}\n{}", kind, file, place.line, place.column);
  names.name = fmt::format("{}@{}:{}", kind, BaseName(file), place.line);
  names.stable = function.empty()
                     ? fmt::format("{}@{}", kind, BaseName(file))
                     : fmt::format("{}@{}:{}", kind, BaseName(file), function);
  names.created = SourceLine{function, file, static_cast<int>(place.line)};
  return names;
}

// Locks of which nothing is known but that they are two must not look like one:
// their number in the log keeps them apart. It is another in the next run.
ClassNames ByNumber(std::string_view kind, uint32_t id) {
  return {fmt::format("#{}", id), fmt::format("{} #{}", kind, id),
          fmt::format("{}@?", kind), std::nullopt};
}

ClassNames ByLine(std::string_view kind, const SourceLine& where) {
  const std::string_view file = BaseName(where.file);
  return {fmt::format("l{}\n{}\n{}", kind, where.file, where.line),
          fmt::format("{}@{}:{}", kind, file, where.line),
          fmt::format("{}@{}:{}", kind, file, FunctionLabel(where)), where};
}

ClassNames ByFirstUse(std::string_view kind, const log::Object& object,
                      const std::vector<SiteRow>& rows,
                      std::optional<uint32_t> row) {
  if (!row) return ByNumber(kind, object.id);
  const SourceLine& where = rows[*row].where;
  // A future without any place is async()'s, whose call is its first use.
  if (object.kind == model::ObjectKind::kFuture && object.place == log::kNone &&
      where.line > 0) {
    return ByLine(kind, where);
  }
  const std::string name = fmt::format("{}@{}", kind, FunctionLabel(where));
  return {"u" + name, name, name, std::nullopt};
}

// Made at namespace scope: no function is in its stable name.
bool IsOfNamespace(const log::Recording& recording, const log::Object& object) {
  if (!object.name.empty() || object.place >= recording.places.size()) {
    return false;
  }
  const log::Place& place = recording.places[object.place];
  return place.function.empty() && !IsStdHeader(place.file);
}

// The variable at the object's address. Processes that run other programs have
// other layouts: where the address could be in two modules, none is known.
std::string VariableOf(const log::Recording& recording,
                       const log::Object& object,
                       const FindVariable& find_variable) {
  log::Frame frame;
  for (uint32_t i = 0; i < recording.modules.size(); ++i) {
    const log::Module& module = recording.modules[i];
    if (object.address < module.base ||
        object.address - module.base >= module.size) {
      continue;
    }
    const uint64_t offset = object.address - module.base;
    if (frame.module == kNone) {
      frame = {i, offset};
    } else if (module.path != recording.modules[frame.module].path ||
               offset != frame.offset) {
      return "";
    }
  }
  return frame.module == kNone ? "" : Printable(find_variable(frame));
}

// Two classes must not share a name: a second one gets an ordinal. They are
// counted in the order of their places, since the order of the recording is
// that of first use and differs from run to run.
void MakeUnique(std::vector<ClassRow>& classes, std::string ClassRow::*name) {
  std::vector<ClassRow*> ordered;
  absl::flat_hash_set<std::string> taken;
  for (ClassRow& row : classes) {
    ordered.push_back(&row);
    taken.insert(row.*name);
  }
  const auto place = [](const ClassRow* row) {
    return row->created ? std::pair(std::string_view(row->created->file),
                                    row->created->line)
                        : std::pair(std::string_view(), 0);
  };
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const ClassRow* a, const ClassRow* b) {
                     return place(a) < place(b);
                   });
  absl::flat_hash_map<std::string, uint32_t> seen;
  for (ClassRow* row : ordered) {
    uint32_t& n = seen[row->*name];
    if (++n == 1) continue;
    std::string unique;
    do {
      unique = fmt::format("{}/{}", row->*name, n);
    } while (taken.contains(unique) && ++n != 0);
    taken.insert(unique);
    row->*name = std::move(unique);
  }
}

// A pool's name is that of its queue and of its futures. What is waited for has
// its kind behind its name if there are other kinds of that name.
void TellKindsApart(std::vector<ClassRow>& classes) {
  absl::flat_hash_map<std::string, model::ObjectKind> kind_of;
  absl::flat_hash_set<std::string> several;
  for (const ClassRow& row : classes) {
    if (model::CanBeHeld(row.kind)) continue;
    const auto [it, is_new] = kind_of.try_emplace(row.name, row.kind);
    if (it->second != row.kind) several.insert(row.name);
  }
  for (ClassRow& row : classes) {
    if (model::CanBeHeld(row.kind) || !several.contains(row.name)) continue;
    const char* const kind = model::PrimitiveOf(row.kind).name;
    row.name = fmt::format("{} ({})", row.name, kind);
    row.stable = fmt::format("{} ({})", row.stable, kind);
  }
}

// At the end of the log; now, if it recorded no end and somebody has looked.
const char* StateOf(const log::Process& process) {
  if (process.replaced_by_exec) return "replaced";
  if (process.exited) return "exited";
  switch (process.liveness) {
    case log::Liveness::kRunning:
      return "running";
    case log::Liveness::kGone:
      return "gone";
    case log::Liveness::kNotKnown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace

Naming::Naming(const analysis::Observations& observations, SiteTable& sites,
               const FindVariable& find_variable, Report& report)
    : observations_(observations),
      recording_(*observations.recording),
      report_(report) {
  NameProcesses();
  NameActors();
  NameClasses(sites);
  if (find_variable) NameByVariables(find_variable);
  NumberInstances();
  TellKindsApart(report_.classes);
  MakeUnique(report_.classes, &ClassRow::name);
  MakeUnique(report_.classes, &ClassRow::stable);
}

void Naming::NameProcesses() {
  for (const log::Process& process : recording_.processes) {
    ProcessRow row;
    row.pid = process.pid;
    if (process.parent < recording_.processes.size()) {
      row.parent = process.parent;
    }
    row.program = Printable(process.program);
    row.host = Printable(process.host);
    for (const std::string& argument : process.arguments) {
      row.arguments.push_back(Printable(argument));
    }
    row.state = StateOf(process);
    if (process.exited) row.cpu_ns = static_cast<double>(process.cpu_ns);
    report_.processes.push_back(std::move(row));
  }
}

void Naming::NameActors() {
  for (const log::Actor& actor : recording_.actors) {
    ActorRow row;
    row.label = fmt::format("A{}", actor.id);
    row.id = actor.id;
    row.kind = KindOf(actor.how);
    row.name = Printable(actor.name);
    if (row.name.empty() && actor.how == BeginHow::kMain) row.name = "main";
    if (actor.process < recording_.processes.size()) {
      row.process = actor.process;
      row.pid = recording_.processes[actor.process].pid;
    }
    row.tid = actor.tid;
    if (actor.parent < recording_.actors.size()) row.parent = actor.parent;
    if (actor.ended) {
      row.cpu_ns = static_cast<double>(actor.cpu_ns);
      row.voluntary = actor.voluntary;
      row.involuntary = actor.involuntary;
    }
    report_.actors.push_back(std::move(row));
  }
}

void Naming::NameClasses(SiteTable& sites) {
  absl::flat_hash_map<std::string, uint32_t> rows;
  class_of_object_.resize(recording_.objects.size());
  ordinal_of_object_.resize(recording_.objects.size());
  for (size_t i = 0; i < recording_.objects.size(); ++i) {
    const log::Object& object = recording_.objects[i];
    const std::string_view kind = object.kind == model::ObjectKind::kUnknown
                                      ? "lock"
                                      : model::PrimitiveOf(object.kind).name;
    const bool place_tells = object.place < recording_.places.size() &&
                             !IsStdHeader(recording_.places[object.place].file);
    ClassNames names = !object.name.empty() ? ByName(object)
                       : place_tells
                           ? ByPlace(kind, recording_.places[object.place])
                           : ByFirstUse(kind, object, report_.sites,
                                        sites.Row(object.first_use));
    const auto [it, is_new] = rows.try_emplace(
        std::move(names.key), static_cast<uint32_t>(report_.classes.size()));
    if (is_new) {
      ClassRow row;
      row.name = std::move(names.name);
      row.stable = std::move(names.stable);
      row.kind = object.kind;
      row.created = std::move(names.created);
      report_.classes.push_back(std::move(row));
    }
    class_of_object_[i] = it->second;
  }
}

// One line may make several variables (a macro, a variable template): then none
// of them is the class.
void Naming::NameByVariables(const FindVariable& find_variable) {
  absl::flat_hash_map<uint32_t, std::string> variable_of;
  for (size_t i = 0; i < recording_.objects.size(); ++i) {
    const log::Object& object = recording_.objects[i];
    if (!IsOfNamespace(recording_, object)) continue;
    std::string variable = VariableOf(recording_, object, find_variable);
    const auto [it, is_new] =
        variable_of.try_emplace(class_of_object_[i], variable);
    if (!is_new && it->second != variable) it->second.clear();
  }
  for (const auto& [lock_class, variable] : variable_of) {
    if (variable.empty()) continue;
    ClassRow& row = report_.classes[lock_class];
    row.stable = fmt::format("{}@{}", variable, BaseName(row.created->file));
  }
}

void Naming::NumberInstances() {
  // By class and id, which a fork keeps; by class and process: the largest.
  absl::flat_hash_map<std::pair<uint32_t, uint32_t>, uint32_t> of_id, largest;
  for (size_t i = 0; i < recording_.objects.size(); ++i) {
    const log::Object& object = recording_.objects[i];
    const uint32_t lock_class = class_of_object_[i];
    ClassRow& row = report_.classes[lock_class];
    const auto [in_process, first] =
        largest.try_emplace({lock_class, object.process}, 0);
    row.processes += first;
    const auto [ordinal, is_new] =
        of_id.try_emplace({lock_class, object.id}, in_process->second + 1);
    in_process->second = std::max(in_process->second, ordinal->second);
    row.instances = std::max(row.instances, ordinal->second);
    ordinal_of_object_[i] = ordinal->second;
  }
}

std::optional<uint32_t> Naming::Actor(analysis::ActorIndex actor) const {
  if (actor >= report_.actors.size()) return std::nullopt;
  return actor;
}

std::optional<uint32_t> Naming::Class(analysis::ObjectIndex object) const {
  if (object >= class_of_object_.size()) return std::nullopt;
  return class_of_object_[object];
}

uint32_t Naming::Object(analysis::ObjectIndex object) {
  const auto [it, is_new] = object_rows_.try_emplace(
      object, static_cast<uint32_t>(report_.objects.size()));
  if (!is_new) return it->second;
  ObjectRow& row = report_.objects.emplace_back();
  if (const auto lock_class = Class(object)) {
    const ClassRow& named = report_.classes[*lock_class];
    row.lock_class = lock_class;
    row.kind = recording_.objects[object].kind;
    row.created = named.created;
    row.name = named.instances == 1 ? named.name
                                    : fmt::format("{} #{}", named.name,
                                                  ordinal_of_object_[object]);
  } else if (observations_.is_end_object(object)) {
    row.kind = model::ObjectKind::kActorEnd;
    const auto actor = Actor(observations_.actor_of_end(object));
    row.name = "the end of " + ActorInSentence(report_, actor);
  } else if (object == analysis::kUnseen) {
    row.name = "something that lockcheck does not see";
    row.unseen = true;
  } else {
    row.name = "a lock that is not known";
  }
  return it->second;
}

std::string ClassLabel(const ClassRow& row) {
  std::string more;
  if (row.instances > 1) more = fmt::format("x{}", row.instances);
  if (row.processes > 1) {
    more += fmt::format("{}in {} processes", more.empty() ? "" : " ",
                        row.processes);
  }
  return more.empty() ? row.name : fmt::format("{} ({})", row.name, more);
}

std::string ActorHeading(const ActorRow& actor) {
  return actor.name.empty() ? actor.label : actor.label + " " + actor.name;
}

std::string ActorInSentence(const Report& report,
                            const std::optional<uint32_t>& actor) {
  if (!actor || *actor >= report.actors.size()) return "an actor";
  const ActorRow& row = report.actors[*actor];
  return row.name.empty() ? row.label
                          : fmt::format("{} ({})", row.label, row.name);
}

}  // namespace lockcheck::report
