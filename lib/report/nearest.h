// "Did you mean ...?" for what a person mistyped.
#ifndef LOCKCHECK_LIB_REPORT_NEAREST_H_
#define LOCKCHECK_LIB_REPORT_NEAREST_H_

#include <string>
#include <string_view>
#include <vector>

namespace lockcheck::report {

// Insertions, deletions, substitutions and swaps of neighbours that turn one
// into the other (optimal string alignment). Quadratic.
size_t EditDistance(std::string_view a, std::string_view b);

// The closest of `names`; the first of several; empty if none is near.
std::string Nearest(std::string_view word,
                    const std::vector<std::string>& names);
// "; did you mean 'json'?", or nothing.
std::string DidYouMean(const std::string& nearest);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_NEAREST_H_
