// Turns the definitions that a scan found into a Recording's tables.
//
// Problem: definitions stand anywhere in the file, may be there twice or be
// lost, and ids of damaged records may be any number. Every table is in the
// order of the file's ids, so that a log gives the same tables however many
// threads scanned it; tables indexed by id have a bound that comes from the
// file's size.
#ifndef LOCKCHECK_LIB_LOG_TABLES_H_
#define LOCKCHECK_LIB_LOG_TABLES_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/log/block_scan.h"
#include "lib/log/log_file.h"
#include "lib/log/recording.h"
#include "lib/log/streams.h"

namespace lockcheck::log {

// From ids in the file to indices into the tables.
struct IdMaps {
  using Map = absl::flat_hash_map<uint32_t, uint32_t>;
  Map actors, stacks, processes, modules, places;
  std::vector<SiteIndex> sites;                   // by id
  std::vector<std::vector<ObjectIndex>> objects;  // by process, then id
  uint64_t implausible_ids = 0;  // too large to have been given out; not kept

  static uint32_t Find(const Map& map, uint32_t id) {
    const auto it = map.find(id);
    return it == map.end() ? kNone : it->second;
  }
  SiteIndex FindSite(uint32_t id) const {
    return id < sites.size() ? sites[id] : kNone;
  }
};

// Fills every table of `recording`; the streams move into its actors.
IdMaps BuildTables(const LogFile& file, std::span<const Findings> found,
                   const Usage& usage, Streams streams, Recording& recording);

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_TABLES_H_
