// docs/primitives.md says what lib/model says: it is made of its rows. With
// LOCKCHECK_WRITE_DOCS set, this writes the document instead of comparing.
#include "lib/model/primitives.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>

namespace lockcheck::testing {
namespace {

using model::Primitive;
using model::Stock;
using model::WaitRule;

constexpr char kDocument[] = LOCKCHECK_DOCS "/primitives.md";
constexpr char kBegin[] = "<!-- made of lib/model/primitives.h -->\n";

std::string HoldOf(const Primitive& p) {
  if (p.stock == Stock::kCount && p.exclusive_hold) return "permits";
  if (!p.exclusive_hold) return "–";
  const bool shared = p.kind == model::ObjectKind::kSharedMutex ||
                      p.kind == model::ObjectKind::kSharedTimedMutex ||
                      p.kind == model::ObjectKind::kCoroutineSharedMutex ||
                      p.kind == model::ObjectKind::kProcessSharedMutex;
  return p.recursive ? "exclusive × depth"
         : shared    ? "exclusive, shared"
                     : "exclusive";
}

std::string ProvidersOf(const Primitive& p) {
  if (p.data) return "–";
  if (p.outside) return "no actor";
  if (p.wait_rule == WaitRule::kAny) return "any";
  return p.exclusive_hold ? "the owner" : "all";
}

const char* StockOf(const Primitive& p) {
  switch (p.stock) {
    case Stock::kNothing:
      return "–";
    case Stock::kFlag:
      return "a flag";
    case Stock::kCount:
      return "a count";
    case Stock::kOutstanding:
      return "one less";
  }
  return "";
}

std::string Row(std::initializer_list<std::string> cells) {
  std::string row = "|";
  for (const std::string& cell : cells)
    row.append(" ").append(cell).append(" |");
  return row += "\n";
}

std::string Table() {
  std::string table = Row({"kind", "types", "held", "a wait ends by",
                           "who can end it", "what a post leaves", "owed"}) +
                      "|---|---|---|---|---|---|---|\n";
  for (const Primitive& p : model::kPrimitives) {
    if (p.kind == model::ObjectKind::kUnknown) continue;
    const std::string kind = std::string("`").append(p.name).append("`");
    table += Row({kind, p.types, HoldOf(p), p.data ? "–" : p.ended_by,
                  ProvidersOf(p), StockOf(p), p.owed ? "yes" : "–"});
  }
  return table;
}

TEST(PrimitivesDocument, IsMadeOfTheModel) {
  std::ifstream file(kDocument);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const size_t at = text.find(kBegin);
  ASSERT_NE(at, text.npos);
  const std::string made = text.substr(0, at) + kBegin + Table();
  if (std::getenv("LOCKCHECK_WRITE_DOCS") != nullptr) {
    std::ofstream(kDocument) << made;
  } else {
    EXPECT_EQ(text, made) << "LOCKCHECK_WRITE_DOCS=1 " LOCKCHECK_THIS_TEST
                             " writes it anew";
  }
}

// The three answers fit together.
TEST(Primitives, AreConsistent) {
  size_t next = 0;
  for (const Primitive& p : model::kPrimitives) {
    const auto number = static_cast<size_t>(p.kind);
    EXPECT_GE(number, next) << p.name;
    next = number + 1;
    EXPECT_EQ(&model::PrimitiveOf(p.kind), &p);
    EXPECT_STRNE(p.name, "");
    if (p.kind == model::ObjectKind::kUnknown) continue;
    EXPECT_STRNE(p.types, "") << p.name;
    EXPECT_EQ(p.data, std::string(p.ended_by).empty()) << p.name;
    EXPECT_TRUE(!p.recursive || p.exclusive_hold) << p.name;
    EXPECT_TRUE(!p.outside || p.wait_rule == WaitRule::kAny) << p.name;
    EXPECT_TRUE(!p.owed || (!p.exclusive_hold && !p.outside)) << p.name;
  }
}

}  // namespace
}  // namespace lockcheck::testing
