// A trace in the STD format, given as text, imported into memory.
#ifndef LOCKCHECK_TESTS_LOG_IMPORTED_H_
#define LOCKCHECK_TESTS_LOG_IMPORTED_H_

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lib/log/recording.h"
#include "lib/log/std_export.h"
#include "lib/log/std_import.h"

namespace lockcheck::log::testing {

struct Imported {
  absl::Status status;
  std::string log;  // the file
  std::vector<std::string> notes;

  std::unique_ptr<Recording> Read() const {
    auto recording = Recording::OpenBytes("imported.log", log);
    return recording.ok() ? *std::move(recording) : nullptr;
  }
};

// The trace comes in pieces of so many bytes.
inline Imported Import(std::string_view trace, size_t piece = 1 << 20) {
  Imported result;
  StdImport import("trace.std", [&](uint64_t at, std::string_view bytes) {
    result.log.resize(std::max<size_t>(result.log.size(), at + bytes.size()));
    std::memcpy(result.log.data() + at, bytes.data(), bytes.size());
    return absl::OkStatus();
  });
  while (!trace.empty() && result.status.ok()) {
    result.status = import.Add(trace.substr(0, piece));
    trace.remove_prefix(std::min(piece, trace.size()));
  }
  if (result.status.ok()) result.status = import.Finish();
  result.notes = import.notes();
  return result;
}

inline StdExport Export(const Imported& imported) {
  return ExportStd(*imported.Read());
}

}  // namespace lockcheck::log::testing

#endif  // LOCKCHECK_TESTS_LOG_IMPORTED_H_
