// Checks a JSON value against the part of JSON Schema that
// docs/report.schema.json uses, and refuses a schema that uses more.
#ifndef LOCKCHECK_TESTS_TOOLS_SCHEMA_VALIDATOR_H_
#define LOCKCHECK_TESTS_TOOLS_SCHEMA_VALIDATOR_H_

#include <algorithm>
#include <cmath>
#include <regex>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace lockcheck::tools::testing {

class SchemaValidator {
 public:
  using Json = nlohmann::json;
  explicit SchemaValidator(Json schema) : root_(std::move(schema)) {}

  // Each line names the place in the value and what is wrong; empty: valid.
  std::vector<std::string> Check(const Json& value) {
    errors_.clear();
    Check(root_, value, "$");
    return errors_;
  }

 private:
  static bool HasType(const Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "null") return value.is_null();
    if (type == "integer") return value.is_number_integer();
    return type == "number" && value.is_number();
  }

  void Wrong(const std::string& at, const std::string& what) {
    errors_.push_back(at + ": " + what);
  }

  void Check(const Json& schema, const Json& value, const std::string& at) {
    for (const auto& [key, rule] : schema.items()) {
      if (key == "$ref") {
        Check(root_.at(Json::json_pointer(rule.get<std::string>().substr(1))),
              value, at);
      } else if (key == "type") {
        const Json types = rule.is_array() ? rule : Json::array({rule});
        if (std::none_of(types.begin(), types.end(), [&](const Json& type) {
              return HasType(value, type.get<std::string>());
            })) {
          Wrong(at, "is not of type " + rule.dump());
        }
      } else if (key == "enum") {
        if (std::find(rule.begin(), rule.end(), value) == rule.end()) {
          Wrong(at, value.dump() + " is none of " + rule.dump());
        }
      } else if (key == "oneOf") {
        OneOf(rule, value, at);
      } else if (key == "minimum") {
        if (value.is_number() && value < rule) Wrong(at, "is too small");
      } else if (key == "maximum") {
        if (value.is_number() && value > rule) Wrong(at, "is too large");
      } else if (key == "maxItems") {
        if (value.is_array() && value.size() > rule) Wrong(at, "is too long");
      } else if (key == "pattern") {
        if (value.is_string() &&
            !std::regex_search(value.get<std::string>(),
                               std::regex(rule.get<std::string>()))) {
          Wrong(at, value.dump() + " does not match " + rule.dump());
        }
      } else if (key == "items") {
        for (size_t i = 0; value.is_array() && i < value.size(); ++i) {
          Check(rule, value[i], at + "[" + std::to_string(i) + "]");
        }
      } else if (key == "required") {
        for (const Json& name : rule) {
          if (value.is_object() && !value.contains(name)) {
            Wrong(at, "lacks " + name.dump());
          }
        }
      } else if (key == "properties") {
        Properties(schema, rule, value, at);
      } else if (key != "additionalProperties" && key != "description" &&
                 key != "title" && key != "$schema" && key != "$defs") {
        Wrong(at, "the schema uses '" + key + "', which is not checked");
      }
    }
  }

  void Properties(const Json& schema, const Json& rules, const Json& value,
                  const std::string& at) {
    if (!value.is_object()) return;
    if (schema.value("additionalProperties", true)) {
      Wrong(at, "the schema leaves the object open");
    }
    for (const auto& [name, member] : value.items()) {
      if (rules.contains(name)) {
        Check(rules[name], member, at + "." + name);
      } else {
        Wrong(at, "has the unknown member " + name);
      }
    }
  }

  void OneOf(const Json& rules, const Json& value, const std::string& at) {
    const std::vector<std::string> before = errors_;
    std::vector<std::string> closest;
    int matches = 0;
    for (const Json& rule : rules) {
      errors_.clear();
      Check(rule, value, at);
      if (errors_.empty()) ++matches;
      if (closest.empty() || errors_.size() < closest.size()) {
        closest = errors_;
      }
    }
    errors_ = before;
    if (matches == 1) return;
    Wrong(at, std::to_string(matches) + " of oneOf match");
    errors_.insert(errors_.end(), closest.begin(), closest.end());
  }

  const Json root_;
  std::vector<std::string> errors_;
};

}  // namespace lockcheck::tools::testing

#endif  // LOCKCHECK_TESTS_TOOLS_SCHEMA_VALIDATOR_H_
