// The variants of a test program, by compiler and level of optimization; see
// tests/programs/CMakeLists.txt.
#ifndef LOCKCHECK_TESTS_VARIANTS_H_
#define LOCKCHECK_TESTS_VARIANTS_H_

#include <sstream>
#include <string>
#include <vector>

namespace lockcheck::testing {

// Of "sites_O0,sites_Og".
inline std::vector<std::string> Variants(const std::string& list) {
  std::vector<std::string> names;
  std::istringstream words(list);
  for (std::string name; std::getline(words, name, ',');) names.push_back(name);
  return names;
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_VARIANTS_H_
