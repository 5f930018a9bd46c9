// That one lock is to be taken before another one, as the program declares it.
//
// In the file it is a DEF_NAME of the first lock, with a target of its own
// (since version 2.6; an older reader passes over it), whose text is "SECOND
// SITE" in decimal: the id of the other lock, and of the place where that was
// said. In a Recording it is a DeclaredOrder.
#ifndef LOCKCHECK_LIB_LOG_DECLARED_ORDER_H_
#define LOCKCHECK_LIB_LOG_DECLARED_ORDER_H_

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/log/format.h"

namespace lockcheck::log {

inline constexpr auto kDeclaredOrderName = static_cast<NameTarget>(5);

struct TakenAfter {  // ids in the file
  uint32_t second = 0;
  uint32_t site = 0;
};

// Nothing: the text is none of these.
inline std::optional<TakenAfter> ParseDeclaredOrder(std::string_view text) {
  TakenAfter after;
  const char* const end = text.data() + text.size();
  const auto second = std::from_chars(text.data(), end, after.second);
  if (second.ec != std::errc() || second.ptr == end || *second.ptr != ' ') {
    return std::nullopt;
  }
  const auto site = std::from_chars(second.ptr + 1, end, after.site);
  if (site.ec != std::errc() || site.ptr != end || after.second == 0) {
    return std::nullopt;
  }
  return after;
}

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_DECLARED_ORDER_H_
