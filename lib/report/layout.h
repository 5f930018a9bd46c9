// Numbers, columns and paragraphs for people.
//
// Everything is ASCII, so that it reads the same in a terminal, a CI page and a
// mail; widths count code points, so that names in UTF-8 line up too.
#ifndef LOCKCHECK_LIB_REPORT_LAYOUT_H_
#define LOCKCHECK_LIB_REPORT_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockcheck::report {

// "812 ns", "1.24 ms", "31.2 s", "2.5 h": three digits that matter.
std::string FormatDuration(double ns);
// "31,201", from a million on "1.24 M".
std::string FormatCount(double count);
std::string FormatPercent(double percent);  // "0.3", "42"
// "1 lock", "2 locks", "2 classes".
std::string Counted(uint64_t n, std::string_view noun);
// "2026-11-23 07:01:12 UTC".
std::string FormatTime(uint64_t unix_ns);

size_t DisplayWidth(std::string_view text);
// Cuts the middle out of what is wider than `width`: "std::vecto...::Insert".
std::string Shorten(std::string_view text, size_t width);
// Columns of running text in a window of so many; 0: it may have any number.
size_t TextWidth(size_t columns);
// Breaks at blanks; the first line is not indented. A word wider than the line
// stands alone on its own.
std::string Wrap(std::string_view text, size_t width, size_t indent);

enum class Style { kPlain, kBold, kDim, kRed, kYellow, kGreen, kCyan };

class Painter {
 public:
  explicit Painter(bool colour) : colour_(colour) {}
  std::string Paint(Style style, std::string_view text) const;

 private:
  bool colour_;
};

// Columns as wide as their widest cell; the first ones left-aligned.
class TextTable {
 public:
  TextTable(std::vector<std::string> headings, size_t left_aligned)
      : left_aligned_(left_aligned) {
    rows_.push_back(std::move(headings));
  }
  // Cells of left-aligned columns are shortened to `kLabelWidth`.
  void Add(std::vector<std::string> cells);
  // Makes the table, with `indent` before it, no wider than `width` (0: it may
  // be) as far as it goes: shortens the left-aligned columns to half, leaves
  // out columns, those in `expendable` from its beginning, then shortens the
  // left-aligned ones to what is left.
  void Fit(size_t width, size_t indent, std::vector<size_t> expendable);
  std::string Render(size_t indent, const Painter& painter) const;

  static constexpr size_t kLabelWidth = 56;

 private:
  std::vector<size_t> Widths() const;
  size_t Excess(size_t width, size_t indent) const;
  void ShortenLabels(size_t excess, size_t least);
  void LeaveOut(size_t column);

  size_t left_aligned_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_LAYOUT_H_
