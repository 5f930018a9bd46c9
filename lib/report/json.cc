#include "lib/report/json.h"

#include <cmath>
#include <string_view>

#include "lib/report/names.h"
#include "lib/report/sites.h"
#include "nlohmann/json.hpp"

namespace lockcheck::report {
namespace {

using Value = nlohmann::ordered_json;

template <typename T>
Value OrNull(const std::optional<T>& value) {
  return value ? Value(*value) : Value(nullptr);
}
Value OrNull(const std::string& text) {
  return text.empty() ? Value(nullptr) : Value(text);
}

Value Line(const SourceLine& line) {
  return {{"function", OrNull(line.function)},
          {"file", OrNull(line.file)},
          {"line", line.line > 0 ? Value(line.line) : Value(nullptr)},
          {"inlined", line.inlined},
          {"module", OrNull(line.module)},
          {"offset", line.offset}};
}

Value MaybeLine(const std::optional<SourceLine>& line) {
  return line ? Line(*line) : Value(nullptr);
}

Value Stack(const std::vector<SourceLine>& stack) {
  Value lines = Value::array();
  for (const SourceLine& line : stack) lines.push_back(Line(line));
  return lines;
}

// From the table of columns, so that no form has a column that another lacks.
Value Usage(const UsageRow& usage) {
  Value object = Value::object();
  for (const Column& column : Columns()) {
    const auto found = column.value(usage);
    const bool whole = column.unit == Unit::kCount;
    const bool nullable = std::string_view(column.json_group).empty();
    Value value = nullptr;
    if (found && std::isfinite(*found)) {
      value = whole ? Value(static_cast<uint64_t>(*found)) : Value(*found);
    } else if (!nullable) {
      value = 0;
    }
    if (nullable) {
      object[column.json_key] = std::move(value);
    } else {
      object[column.json_group][column.json_key] = std::move(value);
    }
  }
  return object;
}

Value Holds(const std::vector<HoldRow>& holds) {
  Value rows = Value::array();
  for (const HoldRow& hold : holds) {
    rows.push_back({{"object", hold.object},
                    {"mode", NameOf(hold.mode)},
                    {"site", OrNull(hold.site)},
                    {"stack", Stack(hold.stack)},
                    {"stack_of", OrNull(hold.stack_of)}});
  }
  return rows;
}

Value Want(const WantRow& want) {
  return {{"object", want.object},      {"mode", NameOf(want.mode)},
          {"how", NameOf(want.how)},    {"site", OrNull(want.site)},
          {"stack", Stack(want.stack)}, {"stack_of", OrNull(want.stack_of)}};
}

Value Await(const AwaitRow& row) {
  return {{"site", OrNull(row.site)},
          {"stack", Stack(row.stack)},
          {"stack_of", OrNull(row.stack_of)}};
}

Value Witness(const FindingRow& row) {
  Value steps = Value::array();
  for (const WitnessRow& step : row.witness) {
    steps.push_back(
        {{"actor", OrNull(step.actor)},
         {"act", step.act},
         {"post", step.post.empty() ? Value(nullptr) : Value(step.post)},
         {"object", OrNull(step.object)},
         {"other", OrNull(step.other)},
         {"mode", NameOf(step.mode)},
         {"site", OrNull(step.site)},
         {"matters", step.matters}});
  }
  return steps;
}

Value OrderedBy(const FindingRow& row) {
  Value steps = Value::array();
  for (const OrderingRow& step : row.ordered_by) {
    steps.push_back({{"actor", OrNull(step.actor)},
                     {"act", NameOf(step.act)},
                     {"other", OrNull(step.other)},
                     {"object", OrNull(step.object)},
                     {"site", OrNull(step.site)}});
  }
  return steps;
}

Value Declared(const FindingRow& row) {
  Value orders = Value::array();
  for (const DeclaredRow& declared : row.declared) {
    orders.push_back({{"first", declared.first},
                      {"second", declared.second},
                      {"site", OrNull(declared.site)}});
  }
  return orders;
}

Value Finding(const FindingRow& row) {
  Value parts = Value::array();
  for (const PartRow& part : row.parts) {
    Value wants = Value::array();
    if (part.wants) wants.push_back(Want(*part.wants));
    parts.push_back({{"actor", OrNull(part.actor)},
                     {"holds", Holds(part.holds)},
                     {"wants", std::move(wants)},
                     {"awaits", part.awaits ? Await(*part.awaits) : nullptr},
                     {"count", part.count}});
  }
  return {
      {"id", row.id},
      {"kind", NameOf(row.kind)},
      {"rule", row.rule},
      {"verdict", row.verdict ? Value(NameOf(*row.verdict)) : Value(nullptr)},
      {"reason", row.reason ? Value(NameOf(*row.reason)) : Value(nullptr)},
      {"gate", OrNull(row.gate)},
      {"ordered_by", OrderedBy(row)},
      {"declared", Declared(row)},
      {"message", row.message},
      {"why", row.why},
      {"objects", row.objects},
      {"actors", std::move(parts)},
      {"witness", Witness(row)},
      {"witness_length", row.witness_length},
      {"missing", row.missing},
      {"assumes", row.assumes},
      {"advice", row.advice},
      {"suppression", row.suppression},
      {"order_violation", row.order_violation},
      {"suppressed", row.suppressed},
      {"in_baseline", row.in_baseline},
      {"fails", row.fails},
      {"count", row.count},
      {"time_ns", OrNull(row.time_ns)}};
}

Value Wait(const StandingWaitRow& row) {
  Value value = {{"actor", row.actor}};
  value.update(Want(row.wants));
  value["owner"] = OrNull(row.owner);
  value["owner_site"] = OrNull(row.owner_site);
  value["holds"] = Holds(row.holds);
  value["duration_ns"] = row.duration_ns;
  value["stuck"] = row.stuck;
  value["unsignalled"] = row.unsignalled;
  return value;
}

Value Process(const ProcessRow& row) {
  return {{"pid", row.pid},
          {"parent", OrNull(row.parent)},
          {"program", row.program},
          {"arguments", row.arguments},
          {"host", row.host},
          {"state", row.state},
          {"cpu_ns", OrNull(row.cpu_ns)}};
}

Value Actor(const ActorRow& row) {
  Value switches = nullptr;
  if (row.cpu_ns) {
    switches = {{"voluntary", row.voluntary}, {"involuntary", row.involuntary}};
  }
  return {{"id", row.label},
          {"kind", row.kind},
          {"name", row.name},
          {"process", OrNull(row.process)},
          {"pid", row.pid},
          {"tid", row.tid},
          {"parent", OrNull(row.parent)},
          {"state", NameOf(row.state)},
          {"holds", Holds(row.holds)},
          {"cpu_ns", OrNull(row.cpu_ns)},
          {"switches", std::move(switches)},
          {"blocked_ns", row.blocked_ns},
          {"usage", Usage(row.usage)}};
}

Value TimesValue(const Times& t) {
  return {{"n", t.n},         {"total", t.total}, {"mean", t.mean},
          {"error", t.error}, {"p50", t.p50},     {"p90", t.p90},
          {"p99", t.p99},     {"max", t.max}};
}

Value LevelInTime(const LevelInTimeRow& row) {
  return {{"ns", row.ns},      {"mean", row.mean}, {"error", row.error},
          {"p50", row.p50},    {"p90", row.p90},   {"p99", row.p99},
          {"parts", row.parts}};
}

template <typename Row>
Value OrNull(const std::optional<Row>& row, Value (*make)(const Row&)) {
  return row ? make(*row) : Value(nullptr);
}

Value Level(const LevelRow& row) {
  return {{"of", row.of},
          {"begins_with", row.begins_with},
          {"acts", row.acts},
          {"every", row.every == 0 ? Value(nullptr) : Value(row.every)},
          {"mean", row.mean},
          {"min", row.min},
          {"p50", row.p50},
          {"p90", row.p90},
          {"p99", row.p99},
          {"max", row.max},
          {"parts", row.parts},
          {"in_time", OrNull(row.in_time, &LevelInTime)}};
}

Value Permits(const PermitsRow& row) {
  return {{"begins_with", row.begins_with},
          {"acquired", row.acquired},
          {"in_use_mean", OrNull(row.in_use)},
          {"in_use_error", OrNull(row.in_use_error)},
          {"all_in_use", row.all_in_use},
          {"all_in_use_share", OrNull(row.all_in_use_share)}};
}

Value Pool(const PoolRow& row) {
  return {{"workers", row.workers},
          {"tasks", row.tasks},
          {"most_running", row.most_running},
          {"most_queued", row.most_queued},
          {"open_ns", row.open_ns},
          {"utilisation", row.utilisation},
          {"queued_ns", TimesValue(row.queued)},
          {"ran_ns", TimesValue(row.ran)}};
}

Value Gil(const GilRow& row) {
  return {{"switches", row.switches},
          {"running_ns", OrNull(row.running_ns)},
          {"running_error_ns", OrNull(row.running_error_ns)},
          {"waiting_ns", row.waiting_ns},
          {"waited_share", row.waited_share},
          {"convoy", row.convoy}};
}

Value Joins(const JoinsRow& row) {
  return {{"standing", row.standing}, {"wait_ns", TimesValue(row.wait)}};
}

Value Class(const ClassRow& row) {
  return {{"class", row.name},
          {"stable_name", row.stable},
          {"kind", model::PrimitiveOf(row.kind).name},
          {"instances", row.instances},
          {"processes", row.processes},
          {"created", MaybeLine(row.created)},
          {"usage", Usage(row.usage)},
          {"level", OrNull(row.level, &Level)},
          {"permits", OrNull(row.permits, &Permits)},
          {"pool", OrNull(row.pool, &Pool)},
          {"gil", OrNull(row.gil, &Gil)}};
}

Value Object(const ObjectRow& row) {
  return {{"name", row.name},
          {"class", OrNull(row.lock_class)},
          {"kind", model::PrimitiveOf(row.kind).name},
          {"created", MaybeLine(row.created)}};
}

Value Site(const SiteRow& row) {
  return {{"where", Line(row.where)},
          {"stack", Stack(row.stack)},
          {"usage", Usage(row.usage)}};
}

Value BlamePair(const BlameRow& row) {
  return {{"class", row.lock_class},
          {"waiter_site", OrNull(row.waiter_site)},
          {"holder_site", OrNull(row.holder_site)},
          {"waits", row.waits},
          {"ns", row.ns},
          {"exact", row.exact}};
}

Value Edge(const EdgeRow& row) {
  Value sites = Value::array();
  for (const EdgeSite& site : row.sites) {
    sites.push_back({{"held", OrNull(site.held)},
                     {"asked", OrNull(site.asked)},
                     {"count", site.count}});
  }
  return {{"from", row.from},         {"to", row.to},
          {"count", row.count},       {"in_cycle", row.in_cycle},
          {"gives_up", row.gives_up}, {"sites", std::move(sites)}};
}

Value Log(const Report& report) {
  const char* timing = report.exact_holds            ? "full"
                       : report.sample_interval != 0 ? "sampled"
                                                     : "off";
  return {{"path", report.path},
          {"recording", report.recording_id},
          {"started_unix_ns", report.start_unix_ns},
          {"duration_ns", report.duration_ns},
          {"cpu_ns", OrNull(report.cpu_ns)},
          {"cores_used", OrNull(report.cores_used)},
          {"most_runnable", report.most_runnable},
          {"events", report.events},
          {"actors", report.actors.size()},
          {"objects", report.object_count},
          {"dropped", report.dropped},
          {"complete", report.complete},
          {"whole", report.whole},
          {"exhaustive", report.exhaustive},
          {"timing", timing},
          {"sample_interval", report.sample_interval},
          {"warnings", report.warnings},
          {"notes", report.notes}};
}

Value SummaryValue(const Summary& s) {
  Value reasons = Value::object();
  for (size_t i = 0; i < s.reasons.size(); ++i) {
    reasons[std::string(AllReasons()[i])] = s.reasons[i];
  }
  return {{"actual", s.actual},
          {"confirmed", s.confirmed},
          {"possible", s.possible},
          {"refuted", s.refuted},
          {"reasons", std::move(reasons)},
          {"order_violations", s.order_violations},
          {"misuse", s.misuse},
          {"hazard", s.hazard},
          {"contention", s.contention},
          {"standing_waits", s.standing_waits},
          {"suppressed", s.suppressed},
          {"in_baseline", s.in_baseline},
          {"fails", s.fails}};
}

template <typename Rows, typename Make>
Value Array(const Rows& rows, Make make) {
  Value array = Value::array();
  for (const auto& row : rows) array.push_back(make(row));
  return array;
}

Value ReportValue(const Report& r) {
  return {{"schema", 1},
          {"log", Log(r)},
          {"summary", SummaryValue(Summarize(r))},
          {"findings", Array(r.findings, Finding)},
          {"standing_waits", Array(r.standing_waits, Wait)},
          {"processes", Array(r.processes, Process)},
          {"actors", Array(r.actors, Actor)},
          {"classes", Array(r.classes, Class)},
          {"objects", Array(r.objects, Object)},
          {"sites", Array(r.sites, Site)},
          {"joins", OrNull(r.joins, &Joins)},
          {"blame", Array(r.blame, BlamePair)},
          {"edges", Array(r.edges, Edge)}};
}

std::string Dump(const Value& value) {
  return value.dump(2, ' ', false, Value::error_handler_t::replace) + "\n";
}

}  // namespace

std::string Json(const Report& report) { return Dump(ReportValue(report)); }

std::string JsonCollection(std::span<const Report> reports) {
  Summary sum;
  for (const Report& report : reports) sum += Summarize(report);
  return Dump({{"schema", 1},
               {"summary", SummaryValue(sum)},
               {"reports", Array(reports, ReportValue)}});
}

}  // namespace lockcheck::report
