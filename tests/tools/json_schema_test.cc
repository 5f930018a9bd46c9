// What --json writes is what docs/report.schema.json says, and the schema's
// closed enumerations are the tables of names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "lib/report/json.h"
#include "lib/report/names.h"
#include "tests/report/sample_report.h"
#include "tests/tools/schema_validator.h"
#define LOCKCHECK_TESTS_BANK_BODIES
#include "tests/tools/bank_log.h"
#include "tools/lockcheck/pipeline.h"

namespace lockcheck::tools::testing {
namespace {

using Json = nlohmann::json;
using ::testing::IsEmpty;
using ::testing::Not;

class JsonSchemaTest : public ::testing::Test {
 protected:
  JsonSchemaTest()
      : schema_(
            Json::parse(std::ifstream(LOCKCHECK_DOCS "/report.schema.json"))) {}

  std::vector<std::string> Check(const std::string& json) {
    return SchemaValidator(schema_).Check(Json::parse(json));
  }
  report::Report Analyzed(bank::Log log) {
    const std::string path = ::testing::TempDir() + "/json_schema_" +
                             std::to_string(getpid()) + ".log";
    log.Write(path);
    auto report = ReportOf(path, Options());
    std::remove(path.c_str());
    EXPECT_TRUE(report.ok()) << report.status();
    return *std::move(report);
  }
  // The names in an enumeration of the schema, null left out.
  std::vector<std::string> Enum(const char* pointer) {
    std::vector<std::string> names;
    for (const Json& name : schema_.at(Json::json_pointer(pointer))) {
      if (name.is_string()) names.push_back(name);
    }
    return names;
  }
  static std::vector<std::string> Strings(
      const std::vector<std::string_view>& names) {
    return {names.begin(), names.end()};
  }

  Json schema_;
};

TEST_F(JsonSchemaTest, AReportWithEveryKindOfRowIsValid) {
  EXPECT_THAT(Check(report::Json(report::testing::SampleReport())), IsEmpty());
}

TEST_F(JsonSchemaTest, WhatIsParticularToAPrimitiveIsValid) {
  report::Report report = report::testing::SampleReport();
  report::ClassRow& row = report.classes[0];
  row.usage.serial = 0.5;
  row.usage.serial_error = 0.01;
  row.usage.waited_ns = 1e9;
  row.usage.crowd = 1.24;
  row.usage.speed_up = 5.1;
  row.usage.found_waiters = row.usage.woken_in_vain = 3;
  row.usage.posts = row.usage.woke_nobody = 2;
  row.usage.clears = row.usage.takes = 1;
  row.level = {.of = "items", .acts = 2, .every = 1, .parts = {1, 0.5}};
  row.permits = {.begins_with = 3, .acquired = 7, .in_use = 1.5};
  row.pool = {.workers = 4, .tasks = 5, .utilisation = 0.9};
  row.gil = {.switches = 3, .running_ns = 1e6, .convoy = 0.5};
  report.joins = report::JoinsRow{.standing = 1};
  EXPECT_THAT(Check(report::Json(report)), IsEmpty());
  row.level->every = 0;
  row.permits->in_use.reset();
  row.gil->running_ns.reset();
  EXPECT_THAT(Check(report::Json(report)), IsEmpty());
  row.level->of = "cats";
  EXPECT_THAT(Check(report::Json(report)), Not(IsEmpty()));
}

TEST_F(JsonSchemaTest, AnEmptyReportIsValid) {
  EXPECT_THAT(Check(report::Json(report::Report())), IsEmpty());
}

TEST_F(JsonSchemaTest, ReportsOfLogsAreValid) {
  for (auto make : {bank::Abba, bank::OneOrder, bank::Gated, bank::Hanging,
                    bank::Contended}) {
    EXPECT_THAT(Check(report::Json(Analyzed(make()))), IsEmpty());
  }
}

TEST_F(JsonSchemaTest, ACollectionIsValid) {
  const std::vector<report::Report> reports = {report::testing::SampleReport(),
                                               report::Report()};
  EXPECT_THAT(Check(report::JsonCollection(reports)), IsEmpty());
  EXPECT_THAT(Check(report::JsonCollection({})), IsEmpty());
}

TEST_F(JsonSchemaTest, TextThatIsNoUtf8IsValidAllTheSame) {
  report::Report report = report::testing::SampleReport();
  report.classes[0].name = "cash\xff\xc0";
  EXPECT_THAT(Check(report::Json(report)), IsEmpty());
}

TEST_F(JsonSchemaTest, TheValidatorSeesWhatIsWrong) {
  const Json good = Json::parse(report::Json(report::testing::SampleReport()));
  SchemaValidator validator(schema_);
  Json bad = good;
  bad["findings"][0]["verdict"] = "perhaps";
  EXPECT_THAT(validator.Check(bad), Not(IsEmpty()));
  bad = good;
  bad["extra"] = 1;
  EXPECT_THAT(validator.Check(bad), Not(IsEmpty()));
  bad = good;
  bad["log"].erase("events");
  EXPECT_THAT(validator.Check(bad), Not(IsEmpty()));
  bad = good;
  bad["findings"][0]["id"] = "xyz";
  EXPECT_THAT(validator.Check(bad), Not(IsEmpty()));
}

bool Contains(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

TEST_F(JsonSchemaTest, EnumerationsAreTheTablesOfNames) {
  const std::string finding = "/$defs/finding/properties/";
  EXPECT_EQ(Enum((finding + "verdict/enum").c_str()),
            Strings(report::AllVerdicts()));
  EXPECT_EQ(Enum((finding + "reason/enum").c_str()),
            Strings(report::AllReasons()));
  EXPECT_EQ(Enum((finding + "kind/enum").c_str()), Strings(report::AllKinds()));
  EXPECT_EQ(Enum((finding + "rule/enum").c_str()), Strings(report::AllRules()));
  std::vector<std::string> kinds, levels;
  for (const model::Primitive& row : model::kPrimitives) {
    kinds.emplace_back(row.name);
    const bool is_new = row.level != nullptr && !Contains(levels, row.level);
    if (is_new) levels.emplace_back(row.level);
  }
  EXPECT_EQ(Enum("/$defs/level/properties/of/enum"), levels);
  EXPECT_EQ(Enum("/$defs/lock_kind/enum"), kinds);
}

TEST_F(JsonSchemaTest, EveryColumnHasItsPlaceInTheSchema) {
  const Json& usage = schema_["$defs"]["usage"]["properties"];
  const Json& times = schema_["$defs"]["times"]["properties"];
  for (const report::Column& column : report::Columns()) {
    const std::string group = column.json_group;
    EXPECT_TRUE(usage.contains(group.empty() ? column.json_key : group));
    if (!group.empty()) {
      EXPECT_TRUE(times.contains(column.json_key));
    }
  }
}

}  // namespace
}  // namespace lockcheck::tools::testing
