// From the log's sites and stacks to what a person calls "where".
//
// Problem: one source line has many addresses (templates, inlining, several
// processes), and the innermost frames are guards and lock functions that every
// lock operation shares. A row is the first frame outside such wrappers;
// addresses with the same function, file and line share a row.
//
// Cost: each frame is resolved once per stack that has it. Not thread-safe.
#ifndef LOCKCHECK_LIB_REPORT_SITES_H_
#define LOCKCHECK_LIB_REPORT_SITES_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/log/recording.h"
#include "lib/report/report.h"
#include "lib/symbolize/symbolize.h"

namespace lockcheck::report {

// Symbolizer::Find, or a test's own.
using Resolve = std::function<symbolize::SymbolizedFrame(
    const log::Frame& frame, bool is_return_address)>;

// Symbolizer::FindVariable, or a test's own.
using FindVariable = std::function<std::string(const log::Frame& frame)>;

class SiteTable {
 public:
  SiteTable(const log::Recording& recording, Resolve resolve,
            std::vector<SiteRow>& rows);

  // The row of a site of the recording; empty if kNone, out of range, or no
  // place of the user's, as where a pool's worker waits between its tasks.
  std::optional<uint32_t> Row(log::SiteIndex site);
  // A stack of the recording, and the one that came first at a site, trimmed;
  // empty if kNone or out of range.
  const std::vector<SourceLine>& StackOf(log::StackIndex stack);
  const std::vector<SourceLine>& StackAt(log::SiteIndex site);

 private:
  using Stacks = absl::flat_hash_map<uint32_t, std::vector<SourceLine>>;
  // Of an index into `rows`, which have frames; remembered in `known`.
  template <typename Rows>
  const std::vector<SourceLine>& Resolved(const Rows& rows, uint32_t index,
                                          Stacks& known);

  const log::Recording& recording_;
  Resolve resolve_;
  std::vector<SiteRow>& rows_;
  std::vector<uint32_t> row_of_site_;  // log::kNone: not yet asked for
  absl::flat_hash_map<std::string, uint32_t> row_of_key_;
  Stacks stacks_, sites_;
};

// The user's part of a stack, innermost first: without the wrappers at its
// inner end and those through which the user's own functions call each other,
// and without what stands below main or a thread's function. Empty if `stack`
// is, or if lockcheck began it and it has come to nothing of the user's.
std::vector<SourceLine> UserStack(
    const std::vector<symbolize::SymbolizedFrame>& stack);

// "Bank::Transfer", or "libbank.so+0x12f0" if the function is not known.
std::string FunctionLabel(const SourceLine& line);
// "bank.cc:41", "bank.cc", or "" if the file is not known.
std::string ShortPlace(const SourceLine& line);
// "Bank::Transfer bank.cc:41".
std::string SiteLabel(const SourceLine& line);
// The same of a site of the report, "(not known)" if there is none.
std::string SiteLabel(const Report& report,
                      const std::optional<uint32_t>& site);
// What follows the last '/'.
std::string_view BaseName(std::string_view path);

// Control characters, and bytes that are no UTF-8, as \xNN: names come from
// logs and go to terminals, where both may mean a command.
std::string Printable(std::string_view text);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_SITES_H_
