// The tests that a document names: those in backticks in the last cell of the
// rows of its tables. A test of them exists if it has that name without the
// parameters that GoogleTest adds.
#ifndef LOCKCHECK_TESTS_DOCUMENTED_TESTS_H_
#define LOCKCHECK_TESTS_DOCUMENTED_TESTS_H_

#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace lockcheck::testing {

struct DocumentedRow {
  std::string text;                // the whole line
  std::vector<std::string> tests;  // "Suite.Name", or what the document writes
};

// The rows of all tables, without their heads.
inline std::vector<DocumentedRow> DocumentedRows(const std::string& path) {
  static const std::regex kLastCell(R"(^\|.* \| ([^|]*) \|$)");
  static const std::regex kName("`([A-Za-z0-9.]+)`");
  std::ifstream file(path);
  std::vector<DocumentedRow> rows;
  for (std::string line; std::getline(file, line);) {
    std::smatch cells;
    if (line.starts_with("|--")) {
      rows.pop_back();  // the head, which stands above
    } else if (std::regex_match(line, cells, kLastCell)) {
      const std::string names = cells[1];
      DocumentedRow& row = rows.emplace_back(DocumentedRow{line, {}});
      for (std::sregex_iterator it(names.begin(), names.end(), kName), end;
           it != end; ++it) {
        row.tests.push_back((*it)[1]);
      }
    }
  }
  return rows;
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_DOCUMENTED_TESTS_H_
