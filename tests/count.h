#ifndef LOCKCHECK_TESTS_COUNT_H_
#define LOCKCHECK_TESTS_COUNT_H_

#include <string>

namespace lockcheck::testing {

// How often the part stands in the text.
inline int Count(const std::string& text, const std::string& part) {
  int n = 0;
  for (size_t at = 0; (at = text.find(part, at)) != text.npos; ++n) ++at;
  return n;
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_COUNT_H_
