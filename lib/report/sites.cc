#include "lib/report/sites.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "fmt/format.h"

namespace lockcheck::report {
namespace {

SourceLine Unnamed(const symbolize::SymbolizedFrame& found) {
  SourceLine line;
  line.module = Printable(BaseName(found.module));
  line.offset = found.offset;
  return line;
}

SourceLine Named(const symbolize::SymbolizedFrame& found,
                 const symbolize::SourceFrame& frame) {
  SourceLine line = Unnamed(found);
  line.function = Printable(frame.function);
  line.file = Printable(frame.file);
  line.line = std::max(frame.line, 0);
  line.inlined = frame.inlined;
  return line;
}

bool IsBetweenUsers(const symbolize::SourceFrame& frame) {
  return symbolize::IsPlumbing(frame) || symbolize::IsWrapper(frame);
}

bool IsBelowUser(const SourceLine& line) {
  if (line.function.empty()) {
    return line.module.starts_with("libc.so") ||
           line.module.starts_with("libstdc++.so");
  }
  symbolize::SourceFrame frame;
  frame.function = line.function;
  return IsBetweenUsers(frame);
}

std::vector<SourceLine> WithoutWhatIsBelow(std::vector<SourceLine> lines) {
  while (lines.size() > 1 && IsBelowUser(lines.back())) lines.pop_back();
  return lines;
}

// Bytes of the character that `text` begins with; 0 if it is a control
// character or no UTF-8.
size_t PrintableLength(std::string_view text) {
  const auto at = [&](size_t i) -> uint32_t {
    return static_cast<unsigned char>(text[i]);
  };
  const uint32_t first = at(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  uint32_t point = first & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (at(i) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0xa0, 0x800, 0x10000};  // 0x80: C1
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return point >= kSmallest[length] && point <= 0x10ffff && !surrogate ? length
                                                                       : 0;
}

// Lines without a function and a file are told apart by their address.
std::string Key(const SourceLine& line) {
  if (line.function.empty() && line.file.empty()) {
    return fmt::format("{}+{:x}", line.module, line.offset);
  }
  return fmt::format("{}\n{}\n{}", line.function, line.file, line.line);
}

}  // namespace

std::vector<SourceLine> UserStack(
    const std::vector<symbolize::SymbolizedFrame>& stack) {
  std::vector<const symbolize::SymbolizedFrame*> frames;
  frames.reserve(stack.size());
  for (const symbolize::SymbolizedFrame& frame : stack) {
    frames.push_back(&frame);
  }
  const symbolize::StackPosition user = symbolize::UserPosition(frames);
  std::vector<SourceLine> lines;
  for (size_t i = user.frame; i < stack.size(); ++i) {
    const symbolize::SymbolizedFrame& frame = stack[i];
    if (frame.frames.empty()) lines.push_back(Unnamed(frame));
    for (size_t k = i == user.frame ? user.inlined : 0; k < frame.frames.size();
         ++k) {
      if (!lines.empty() && symbolize::IsThreadStart(frame.frames[k])) {
        return WithoutWhatIsBelow(std::move(lines));
      }
      // Where the user's function is called by one of these, as call_once()
      // and std::invoke() do.
      if (!lines.empty() && IsBetweenUsers(frame.frames[k])) continue;
      lines.push_back(Named(frame, frame.frames[k]));
      if (lines.back().function == "main") return lines;
    }
  }
  return WithoutWhatIsBelow(std::move(lines));
}

SiteTable::SiteTable(const log::Recording& recording, Resolve resolve,
                     std::vector<SiteRow>& rows)
    : recording_(recording),
      resolve_(std::move(resolve)),
      rows_(rows),
      row_of_site_(recording.sites.size(), log::kNone) {}

std::optional<uint32_t> SiteTable::Row(log::SiteIndex site) {
  if (site >= row_of_site_.size()) return std::nullopt;
  uint32_t& row = row_of_site_[site];
  if (row != log::kNone) return row;
  std::vector<SourceLine> stack = StackAt(site);
  // All of its frames are lockcheck's own.
  if (stack.empty() && !recording_.sites[site].frames.empty()) {
    return std::nullopt;
  }
  SourceLine where;
  if (!stack.empty()) where = stack.front();
  std::string key = stack.empty()
                        ? fmt::format("site {}", recording_.sites[site].id)
                        : Key(where);
  const auto [it, is_new] = row_of_key_.try_emplace(
      std::move(key), static_cast<uint32_t>(rows_.size()));
  if (is_new) rows_.push_back({std::move(where), std::move(stack), {}});
  return row = it->second;
}

const std::vector<SourceLine>& SiteTable::StackOf(log::StackIndex stack) {
  return Resolved(recording_.stacks, stack, stacks_);
}

const std::vector<SourceLine>& SiteTable::StackAt(log::SiteIndex site) {
  return Resolved(recording_.sites, site, sites_);
}

template <typename Rows>
const std::vector<SourceLine>& SiteTable::Resolved(const Rows& rows,
                                                   uint32_t index,
                                                   Stacks& known) {
  static const std::vector<SourceLine> kNotKnown;
  if (index >= rows.size()) return kNotKnown;
  const auto found = known.find(index);
  if (found != known.end()) return found->second;
  std::vector<symbolize::SymbolizedFrame> stack;
  for (const log::Frame& frame : rows[index].frames) {
    stack.push_back(resolve_(frame, !stack.empty()));
  }
  return known.emplace(index, UserStack(stack)).first->second;
}

std::string FunctionLabel(const SourceLine& line) {
  if (!line.function.empty()) return line.function;
  if (!line.module.empty()) {
    return fmt::format("{}+{:#x}", line.module, line.offset);
  }
  if (line.offset != 0) return fmt::format("{:#x}", line.offset);
  return "(not known)";
}

std::string ShortPlace(const SourceLine& line) {
  if (line.file.empty()) return "";
  const std::string_view base = BaseName(line.file);
  return line.line > 0 ? fmt::format("{}:{}", base, line.line)
                       : std::string(base);
}

std::string SiteLabel(const SourceLine& line) {
  const std::string place = ShortPlace(line);
  return place.empty() ? FunctionLabel(line)
                       : fmt::format("{} {}", FunctionLabel(line), place);
}

std::string SiteLabel(const Report& report,
                      const std::optional<uint32_t>& site) {
  return site ? SiteLabel(report.sites[*site].where) : "(not known)";
}

std::string_view BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = PrintableLength(text);
    if (length > 0) {
      out += text.substr(0, length);
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}",
                     static_cast<unsigned char>(text[0]));
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

}  // namespace lockcheck::report
