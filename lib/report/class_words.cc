#include "lib/report/class_words.h"

#include <string>

#include "fmt/format.h"
#include "lib/report/sentences.h"

namespace lockcheck::report {

void ExplainClassOrder(const Report& report, FindingRow& row) {
  const std::string held = ClassOf(report, row.parts[0].holds[0].object);
  row.message = Clauses(report, row, "asks for");
  if (row.parts.size() == 1) {
    row.message += fmt::format(": both are of the class {}", held);
    row.why =
        "their order keys, if they have any, do not ascend, so nothing keeps "
        "another thread from taking two of this class in the other order";
    row.advice = fmt::format(
        "take locks of {} in one order and declare it with "
        "lockcheck::order_key, or take them at once with "
        "lockcheck::scoped_lock",
        held);
    return;
  }
  row.why =
      "they are not all the same locks, so these cannot deadlock; but the "
      "classes are taken in both orders, and others of their locks may meet";
  row.advice = fmt::format("always take a lock of {} before one of {}", held,
                           ClassOf(report, row.parts[0].wants->object));
}

}  // namespace lockcheck::report
