#include "lib/report/identity.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/report/order_words.h"

namespace lockcheck::report {
namespace {

size_t CountDigits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

// "{lambda(int)#2}" -> "{lambda(int)}", "{unnamed type#1}" -> "{unnamed type}",
// and "$_2", clang's name of both, -> "{lambda}": an unrelated lambda earlier
// in the function would change the number.
std::string WithoutOrdinals(std::string_view text) {
  std::string out;
  std::vector<bool> numbered;  // of the braces that are open
  bool in_name = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    const char c = text[i];
    if (c == '{') {
      numbered.push_back(rest.starts_with("{lambda") ||
                         rest.starts_with("{unnamed type"));
    } else if (c == '}' && !numbered.empty()) {
      numbered.pop_back();
    } else if (c == '#' && !numbered.empty() && numbered.back()) {
      const size_t digits = CountDigits(rest.substr(1));
      if (digits != 0 && rest.substr(1 + digits).starts_with('}')) {
        i += digits;
        continue;
      }
    } else if (!in_name && rest.starts_with("$_")) {
      if (const size_t digits = CountDigits(rest.substr(2))) {
        out += "{lambda}";
        i += 1 + digits;
        continue;
      }
    }
    in_name = std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    out += c;
  }
  return out;
}

std::string StableName(const Report& report, uint32_t object) {
  if (object >= report.objects.size()) return "?";
  const ObjectRow& row = report.objects[object];
  if (row.unseen) return "unseen";
  return row.lock_class ? report.classes[*row.lock_class].stable
                        : std::string(model::PrimitiveOf(row.kind).name);
}

std::string Name(const Report& report, uint32_t object) {
  if (object >= report.objects.size()) return "?";
  const ObjectRow& row = report.objects[object];
  return row.lock_class ? report.classes[*row.lock_class].name
                        : StableName(report, object);
}

// No offset: it changes with every build.
std::string Function(const Report& report,
                     const std::optional<uint32_t>& site) {
  if (!site || *site >= report.sites.size()) return "";
  const SourceLine& where = report.sites[*site].where;
  return where.function.empty() ? where.module : where.function;
}

struct Element {
  uint32_t object = 0;
  std::string text;  // class, function that asks, function that holds
  bool asks = true;
};

// Where it happened, else where what it is about had been acquired. Who
// else had to do with it differs from run to run.
std::string FunctionOfPlace(const Report& report, const FindingRow& row) {
  std::string function;
  for (const PartRow& part : row.parts) {
    if (part.awaits) function = Function(report, part.awaits->site);
    if (!function.empty()) return function;
    if (part.wants) function = Function(report, part.wants->site);
    if (!function.empty()) return function;
    for (const HoldRow& hold : part.holds) {
      function = Function(report, hold.site);
      if (!function.empty()) return function;
    }
  }
  return function;
}

// What is asked for and what is held, in the declared order; of a contradiction
// each declaration.
std::vector<Element> ElementsOfDeclared(const Report& report,
                                        const FindingRow& row) {
  std::vector<Element> elements;
  const auto add = [&](uint32_t object, const std::string& function) {
    elements.push_back(
        {object, WithoutOrdinals(fmt::format(
                     "{}\n{}", StableName(report, object), function))});
  };
  for (const PartRow& part : row.parts) {
    if (!part.wants || part.holds.empty()) continue;
    add(part.wants->object, Function(report, part.wants->site));
    add(part.holds[0].object, Function(report, part.holds[0].site));
  }
  if (!elements.empty()) return elements;
  for (const DeclaredRow& declared : row.declared) {
    add(declared.first, Function(report, declared.site));
  }
  return elements;
}

std::vector<Element> Elements(const Report& report, const FindingRow& row) {
  if (row.rule == kDeclaredOrderRule) return ElementsOfDeclared(report, row);
  std::vector<Element> elements;
  if (row.kind == FindingKind::kMisuse && !row.objects.empty()) {
    const uint32_t object = row.objects[0];
    return {{object,
             WithoutOrdinals(fmt::format("{}\n{}\n", StableName(report, object),
                                         FunctionOfPlace(report, row)))}};
  }
  for (const PartRow& part : row.parts) {
    Element element;
    std::string asks;
    if (part.awaits) asks = Function(report, part.awaits->site);
    if (part.wants) {
      // Both parts are about one object.
      element.asks = &part == &row.parts[0] ||
                     (row.rule != "lost-wakeup" && row.rule != "naked-notify" &&
                      row.rule != "recursive-read");
      element.object = part.wants->object;
      asks = Function(report, part.wants->site);
    } else if (!part.holds.empty()) {
      element.object = part.holds[0].object;
      element.asks = false;
    } else if (part.awaits && !row.objects.empty()) {
      element.object = row.objects[0];
    } else {
      continue;
    }
    // Who forked is a part of it, and not a lock.
    if (row.rule == "fork-while-held" || row.rule == "inherited-lock") {
      element.object = row.objects[0];
      element.asks = &part == &row.parts[0];
    }
    element.text = WithoutOrdinals(fmt::format(
        "{}\n{}\n{}", StableName(report, element.object), asks,
        part.holds.empty() ? "" : Function(report, part.holds[0].site)));
    elements.push_back(std::move(element));
  }
  if (elements.empty()) {
    for (const uint32_t object : row.objects) {
      elements.push_back(
          {object, WithoutOrdinals(StableName(report, object)), true});
    }
  }
  return elements;
}

// Quadratic in the length of a cycle, which Find() bounds.
void RotateToSmallest(std::vector<Element>& elements) {
  const size_t n = elements.size();
  size_t best = 0;
  for (size_t start = 1; start < n; ++start) {
    for (size_t i = 0; i < n; ++i) {
      const int order =
          elements[(start + i) % n].text.compare(elements[(best + i) % n].text);
      if (order < 0) best = start;
      if (order != 0) break;
    }
  }
  std::rotate(elements.begin(), elements.begin() + static_cast<long>(best),
              elements.end());
}

// FNV-1a with a final mix, so that 48 of its bits are as good as any.
std::string IdOf(std::string_view text) {
  uint64_t h = 0xcbf29ce484222325ull;
  for (const char c : text) {
    h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  }
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93ull;
  return fmt::format("{:012x}", (h ^ h >> 32) & 0xffffffffffffull);
}

std::string Join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += " -> ";
    out += name;
  }
  return out;
}

// With and without ordinals: it may be written as reports show it.
void AddKey(std::vector<std::string>& keys, const std::string& name) {
  for (const std::string& key : {WithoutOrdinals(name), name}) {
    if (!key.empty() &&
        std::find(keys.begin(), keys.end(), key) == keys.end()) {
      keys.push_back(key);
    }
  }
}

// Who waits first, and how many wait alike, differs from run to run.
void SortDistinct(std::vector<Element>& elements) {
  std::sort(elements.begin(), elements.end(),
            [](const Element& a, const Element& b) { return a.text < b.text; });
  elements.erase(std::unique(elements.begin(), elements.end(),
                             [](const Element& a, const Element& b) {
                               return a.text == b.text;
                             }),
                 elements.end());
}

}  // namespace

void Identify(const Report& report, FindingRow& row) {
  std::vector<Element> elements = Elements(report, row);
  if (row.rule == "communication" || row.rule == "stall") {
    SortDistinct(elements);
  } else if (row.kind == FindingKind::kDeadlock ||
             row.kind == FindingKind::kHazard ||
             (row.rule == kDeclaredOrderRule && row.parts.empty())) {
    RotateToSmallest(elements);
  }
  std::string text;
  if (!row.metric.empty()) text += "\n" + row.metric;
  if (row.verdict == analysis::Verdict::kRefuted) text += "\nrefuted";
  const bool any_asks =
      std::any_of(elements.begin(), elements.end(),
                  [](const Element& element) { return element.asks; });
  std::vector<std::string> stable, names;
  for (const Element& element : elements) {
    text += "\n\n" + element.text;
    // Who only holds has the lock that another one asks for.
    if (any_asks && !element.asks) continue;
    stable.push_back(StableName(report, element.object));
    names.push_back(Name(report, element.object));
  }
  row.id = IdOf(row.rule + text);
  if (row.rule == "wait-for") row.order_id = IdOf("lock-order" + text);

  std::string pattern = Join(stable);
  row.suppression_keys.clear();
  if (row.parts.size() == 1 || row.kind == FindingKind::kMisuse) {
    const std::string function = FunctionOfPlace(report, row);
    if (!function.empty()) pattern += " in " + function;
  }
  AddKey(row.suppression_keys, pattern);
  AddKey(row.suppression_keys, Join(stable));
  AddKey(row.suppression_keys, Join(names));
  for (const std::string& name : stable) AddKey(row.suppression_keys, name);
  for (const std::string& name : names) AddKey(row.suppression_keys, name);
  for (const PartRow& part : row.parts) {
    if (part.wants) {
      AddKey(row.suppression_keys, Function(report, part.wants->site));
    }
    if (part.awaits) {
      AddKey(row.suppression_keys, Function(report, part.awaits->site));
    }
    for (const HoldRow& hold : part.holds) {
      AddKey(row.suppression_keys, Function(report, hold.site));
    }
  }
}

}  // namespace lockcheck::report
