#include "lib/report/layout.h"

#include <algorithm>
#include <ctime>

#include "fmt/chrono.h"
#include "fmt/format.h"

namespace lockcheck::report {
namespace {

// Three digits that matter; `value` is below 1,000 or the unit is the largest.
std::string Digits(double value) {
  if (value >= 99.95) return fmt::format("{:.0f}", value);
  if (value >= 9.995) return fmt::format("{:.1f}", value);
  return fmt::format("{:.2f}", value);
}

struct Scale {
  double size;
  const char* unit;
};

}  // namespace

std::string FormatDuration(double ns) {
  if (!(ns > 0)) return "0";
  if (ns < 999.5) return fmt::format("{:.0f} ns", ns);
  static constexpr Scale kScales[] = {
      {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}, {60e9, "min"}, {3600e9, "h"}};
  const Scale* scale = &kScales[0];
  for (const Scale& next : kScales) {
    // Seconds go on to 120, minutes too.
    const double from = next.size > 1e9 ? 2 * next.size : 0.9995 * next.size;
    if (ns >= from) scale = &next;
  }
  return fmt::format("{} {}", Digits(ns / scale->size), scale->unit);
}

std::string FormatCount(double count) {
  if (count < 999'999.5) {
    std::string text = fmt::format("{:.0f}", std::max(count, 0.0));
    for (auto i = static_cast<long>(text.size()) - 3; i > 0; i -= 3) {
      text.insert(static_cast<size_t>(i), 1, ',');
    }
    return text;
  }
  if (count < 999.5e6) return Digits(count / 1e6) + " M";
  return Digits(count / 1e9) + " G";
}

std::string FormatPercent(double percent) {
  return percent >= 9.95 || percent == 0 ? fmt::format("{:.0f}", percent)
                                         : fmt::format("{:.1f}", percent);
}

std::string Counted(uint64_t n, std::string_view noun) {
  const std::string number = FormatCount(static_cast<double>(n));
  if (n == 1) return fmt::format("{} {}", number, noun);
  const bool hiss = !noun.empty() && noun.back() == 's';
  return fmt::format("{} {}{}", number, noun, hiss ? "es" : "s");
}

std::string FormatTime(uint64_t unix_ns) {
  const auto seconds = static_cast<std::time_t>(unix_ns / 1'000'000'000);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "";
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", parts);
}

size_t DisplayWidth(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string Shorten(std::string_view text, size_t width) {
  const size_t have = DisplayWidth(text);
  if (have <= width) return std::string(text);
  const size_t head = (width - 3) / 2, tail = width - 3 - head;
  std::string out;
  size_t point = 0;
  bool dots = false;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++point;
    if (point <= head || point > have - tail) {
      out += c;
    } else if (!dots) {
      out += "...";
      dots = true;
    }
  }
  return out;
}

size_t TextWidth(size_t columns) {
  constexpr size_t kMost = 110, kLeast = 40;
  return columns == 0 ? kMost : std::clamp(columns, kLeast, kMost);
}

std::string Wrap(std::string_view text, size_t width, size_t indent) {
  std::string out;
  size_t column = indent;
  while (!text.empty()) {
    const size_t blank = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
    const size_t need = DisplayWidth(word);
    if (column > indent && column + 1 + need > width) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += need;
  }
  return out;
}

std::string Painter::Paint(Style style, std::string_view text) const {
  if (!colour_ || style == Style::kPlain) return std::string(text);
  const char* code = "";
  switch (style) {
    case Style::kPlain:
      break;
    case Style::kBold:
      code = "1";
      break;
    case Style::kDim:
      code = "2";
      break;
    case Style::kRed:
      code = "1;31";
      break;
    case Style::kYellow:
      code = "1;33";
      break;
    case Style::kGreen:
      code = "32";
      break;
    case Style::kCyan:
      code = "36";
      break;
  }
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

void TextTable::Add(std::vector<std::string> cells) {
  for (size_t i = 0; i < std::min(left_aligned_, cells.size()); ++i) {
    cells[i] = Shorten(cells[i], kLabelWidth);
  }
  rows_.push_back(std::move(cells));
}

std::vector<size_t> TextTable::Widths() const {
  std::vector<size_t> widths(rows_[0].size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  return widths;
}

size_t TextTable::Excess(size_t width, size_t indent) const {
  size_t have = indent;
  for (const size_t column : Widths()) have += column + 2;
  have -= 2;
  return have > width ? have - width : 0;
}

// The widest first.
void TextTable::ShortenLabels(size_t excess, size_t least) {
  while (excess > 0) {
    const std::vector<size_t> widths = Widths();
    const auto widest = std::max_element(
        widths.begin(), widths.begin() + static_cast<long>(left_aligned_));
    if (widest == widths.begin() + static_cast<long>(left_aligned_) ||
        *widest <= least) {
      return;
    }
    const size_t cut = std::min(excess, *widest - least);
    for (auto& row : rows_) {
      std::string& cell = row[static_cast<size_t>(widest - widths.begin())];
      cell = Shorten(cell, *widest - cut);
    }
    excess -= cut;
  }
}

void TextTable::LeaveOut(size_t column) {
  for (auto& row : rows_) row.erase(row.begin() + static_cast<long>(column));
  left_aligned_ -= column < left_aligned_;
}

void TextTable::Fit(size_t width, size_t indent,
                    std::vector<size_t> expendable) {
  if (width == 0) return;
  constexpr size_t kLeast = 12;
  ShortenLabels(Excess(width, indent), kLabelWidth / 2);
  for (size_t i = 0; i < expendable.size() && Excess(width, indent) > 0; ++i) {
    const size_t column = expendable[i];
    LeaveOut(column);
    for (size_t& other : expendable) other -= other > column;
  }
  ShortenLabels(Excess(width, indent), kLeast);
}

std::string TextTable::Render(size_t indent, const Painter& painter) const {
  const std::vector<size_t> widths = Widths();
  std::string out;
  for (const auto& row : rows_) {
    std::string line(indent, ' ');
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - DisplayWidth(row[i]), ' ');
      if (i > 0) line += "  ";
      line += i < left_aligned_ ? row[i] + pad : pad + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += &row == &rows_[0] ? painter.Paint(Style::kDim, line) : line;
    out += '\n';
  }
  return out;
}

}  // namespace lockcheck::report
