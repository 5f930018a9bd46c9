// The one table of names: enumerations and columns as people and programs read
// them. Text, JSON, --sort, --fail-on, suppressions and the docs use these
// words and no others; a test compares them with docs/report.schema.json.
#ifndef LOCKCHECK_LIB_REPORT_NAMES_H_
#define LOCKCHECK_LIB_REPORT_NAMES_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/report/report.h"

namespace lockcheck::report {

std::string_view NameOf(analysis::Verdict verdict);
std::optional<analysis::Verdict> FindVerdict(std::string_view name);
std::string_view NameOf(analysis::Reason reason);
std::string_view NameOf(analysis::ActorState state);
// An act in a witness.
std::string_view NameOf(analysis::EventKind kind);
std::string_view NameOf(FindingKind kind);
std::string_view NameOf(model::Mode mode);
std::string_view NameOf(model::How how);
// `misuse` only for Rule::kMisuse.
std::string_view NameOf(analysis::Rule rule,
                        std::optional<model::Misuse> misuse);
// Of what nobody holds, as in "waits until somebody notifies it".
std::string_view WhatEndsAWait(model::ObjectKind kind);
// The same, as in "and nobody has notified it".
std::string_view WhatNobodyDid(model::ObjectKind kind);
inline constexpr std::string_view kBudgetRule = "budget";

// Every name, in the order of the enumeration.
std::vector<std::string_view> AllVerdicts();
std::vector<std::string_view> AllReasons();
std::vector<std::string_view> AllKinds();
std::vector<std::string_view> AllRules();  // misuses and the budget included

enum class Unit { kCount, kPercent, kNs, kRatio, kFactor };

// One hotspot column. `key` is what --sort takes; in JSON the value stands at
// usage.<json_key> or usage.<json_group>.<json_key>.
struct Column {
  const char* key;
  const char* json_group;  // "": none
  const char* json_key;
  const char* heading;
  Unit unit;
  const char* meaning;
  std::optional<double> (*value)(const UsageRow&);
};
std::span<const Column> Columns();
const Column* FindColumn(std::string_view key);  // null if there is none

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_NAMES_H_
