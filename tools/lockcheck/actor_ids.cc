#include "tools/lockcheck/actor_ids.h"

#include <vector>

#include "fmt/format.h"
#include "lib/report/layout.h"
#include "lib/report/nearest.h"

namespace lockcheck::tools {

std::string NoSuchActor(uint32_t actor, const std::set<uint32_t>& ids) {
  const std::string name = fmt::format("A{}", actor);
  if (ids.empty()) return fmt::format("there is no {}", name);
  std::vector<std::string> names;
  names.reserve(ids.size());
  for (const uint32_t id : ids) names.push_back(fmt::format("A{}", id));
  const std::string nearest = report::Nearest(name, names);
  return fmt::format(
      "there is no {}{} {} {}, {}{}", name,
      nearest.empty() ? "; there"
                      : fmt::format("; did you mean {}? There", nearest),
      ids.size() == 1 ? "is" : "are", report::Counted(ids.size(), "actor"),
      names.front(), ids.size() == 1 ? "" : " to " + names.back());
}

}  // namespace lockcheck::tools
