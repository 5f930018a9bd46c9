#include "lib/report/nearest.h"

#include <algorithm>

namespace lockcheck::report {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1),
      row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

namespace {

// More than half of the letters wrong is another word: "foo" does not mean
// "none". What the name has beyond the word does not count: "frok" may mean
// "fork[0]". Nor do the dashes of options.
bool IsNear(std::string_view word, std::string_view name) {
  const auto skip_dashes = [](std::string_view text) {
    return text.substr(std::min(text.find_first_not_of('-'), text.size()));
  };
  if (word.starts_with('-')) {
    word = skip_dashes(word);
    name = skip_dashes(name);
  }
  const size_t wrong =
      std::min(EditDistance(word, name),
               EditDistance(word, name.substr(0, word.size())));
  return 2 * wrong <= std::min(word.size(), name.size()) && !word.empty();
}

}  // namespace

std::string Nearest(std::string_view word,
                    const std::vector<std::string>& names) {
  std::string best;
  size_t least = static_cast<size_t>(-1);
  for (const std::string& name : names) {
    const size_t distance = EditDistance(word, name);
    if (distance < least && IsNear(word, name)) {
      least = distance;
      best = name;
    }
  }
  return best;
}

std::string DidYouMean(const std::string& nearest) {
  return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

}  // namespace lockcheck::report
