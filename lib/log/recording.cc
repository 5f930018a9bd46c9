#include "lib/log/recording.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/log/block_scan.h"
#include "lib/log/empty_blocks.h"
#include "lib/log/in_parallel.h"
#include "lib/log/log_file.h"
#include "lib/log/streams.h"
#include "lib/log/tables.h"

namespace lockcheck::log {
namespace {

constexpr uint64_t kBlocksPerPart = 64;  // 4 MiB: what a thread takes at once
constexpr size_t kMostLines = 20;        // of one kind of warning

struct Scan {
  std::vector<Findings> parts;  // in the order of the file, hot blocks last
  Usage usage;
};

// Every block of the file, by several threads if it is large. 0: one per core.
Scan ScanFile(const LogFile& file, unsigned threads_wanted) {
  const uint64_t blocks = file.block_count();
  const size_t parts = (blocks + kBlocksPerPart - 1) / kBlocksPerPart;
  const unsigned most = threads_wanted != 0
                            ? threads_wanted
                            : std::max(1u, std::thread::hardware_concurrency());
  const auto workers =
      static_cast<unsigned>(std::clamp<size_t>(parts / 2, 1, most));
  Scan scan;
  scan.parts.resize(parts + 1);
  std::vector<Usage> usage(workers);
  InParallel(workers, parts, [&](unsigned worker, size_t part) {
    const uint64_t first = 1 + part * kBlocksPerPart;
    const uint64_t last = std::min(blocks, first + kBlocksPerPart - 1);
    for (uint64_t b = first; b <= last; ++b)
      ScanSealedBlock(file, b, usage[worker], scan.parts[part]);
    file.Release(first, last - first + 1);
  });
  for (const HotBlock& block : file.hot_blocks())
    ScanHotBlock(block, usage[0], scan.parts[parts]);
  scan.usage = std::move(usage[0]);
  for (size_t i = 1; i < workers; ++i) scan.usage.Merge(usage[i]);
  return scan;
}

std::vector<FoundSegment> TakeSegments(Scan& scan) {
  std::vector<FoundSegment> all;
  for (Findings& part : scan.parts) {
    all.insert(all.end(), part.segments.begin(), part.segments.end());
    part.segments = {};
  }
  return all;
}

// The rate comes from the two moments farthest apart at which both clocks were
// read.
Clock Calibrate(const FileHeader& header, std::span<const Findings> parts) {
  Clock clock;
  clock.start_ticks = header.start_ticks;
  ClockPair first = {header.start_ticks, header.start_monotonic_ns};
  ClockPair last = first;
  for (const Findings& part : parts) {
    if (part.earliest.ticks != 0 && part.earliest.ticks < first.ticks)
      first = part.earliest;
    if (part.latest.ticks > last.ticks) last = part.latest;
  }
  if (last.ticks <= first.ticks || last.ns <= first.ns) return clock;
  const double rate = static_cast<double>(last.ns - first.ns) /
                      static_cast<double>(last.ticks - first.ticks);
  // Outside 1 MHz to 1 THz one of the readings is damaged.
  if (rate > 1e-3 && rate < 1e3) clock.ns_per_tick = rate;
  return clock;
}

const char* Why(StopReason reason) {
  switch (reason) {
    case StopReason::kMaxLog:
      return "max_log= was reached; give a larger max_log= or ring=";
    case StopReason::kNoSpace:
      return "the file system was full; make room or use another log=";
    default:
      return "a write failed; check the disk or use another log=";
  }
}

// Adds one line each, and one for those that are too many.
class Warnings {
 public:
  explicit Warnings(Recording& recording) : r_(recording) {}
  void Add(const std::string& line) {
    r_.warnings.push_back(absl::StrCat(r_.path, ": ", line));
  }
  void AddSome(const std::vector<std::string>& lines) {
    for (size_t i = 0; i < std::min(lines.size(), kMostLines); ++i)
      Add(lines[i]);
    if (lines.size() > kMostLines)
      Add(absl::StrCat("and ", lines.size() - kMostLines, " more like these"));
  }
  // The same, of what makes the recording incomplete.
  void AddLosses(const std::vector<std::string>& lines) {
    if (!lines.empty()) r_.complete = r_.whole = false;
    AddSome(lines);
  }
  // The same, of an end that is not there: it may be yet to come.
  void AddUnfinished(const std::vector<std::string>& lines) {
    if (!lines.empty()) r_.complete = false;
    AddSome(lines);
  }

 private:
  Recording& r_;
};

// A block whose contents a hot block still holds was being sealed when it was
// read, or when the program died.
std::vector<std::string> DamagedBlocks(std::span<const Findings> parts,
                                       const Streams& streams) {
  std::vector<std::string> lines;
  for (const Findings& part : parts) {
    for (const DamagedBlock& block : part.damaged_blocks) {
      const auto stream = streams.find(block.actor);
      if (block.actor != 0 && stream != streams.end() &&
          std::any_of(stream->second.segments.begin(),
                      stream->second.segments.end(), [&](const Segment& s) {
                        return s.hot && s.number == block.segment;
                      })) {
        continue;
      }
      std::string line = absl::StrCat(
          "block ", block.number, " (at byte ", block.number * kBlockSize,
          ") is damaged (its checksum does not match) and was skipped");
      if (block.actor != 0) {
        absl::StrAppend(&line, "; it says it begins with segment ",
                        block.segment, " of actor ", block.actor);
      }
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

void WarnOfDamage(std::span<const Findings> parts, const Streams& streams,
                  Warnings& warnings) {
  std::vector<std::string> lines = DamagedBlocks(parts, streams);
  uint64_t unknown = 0;
  for (const Findings& part : parts) {
    lines.insert(lines.end(), part.damages.begin(), part.damages.end());
    unknown += part.unknown_records;
  }
  warnings.AddLosses(lines);
  if (unknown != 0) {
    warnings.Add(absl::StrCat(
        unknown,
        unknown == 1 ? " record is of a kind" : " records are of kinds",
        " this lockcheck does not know and ", unknown == 1 ? "was" : "were",
        " skipped; use a newer lockcheck"));
  }
}

std::string Ranges(std::span<const std::pair<uint32_t, uint32_t>> gaps) {
  std::string text;
  for (size_t i = 0; i < std::min(gaps.size(), kMostLines); ++i) {
    const auto [first, last] = gaps[i];
    absl::StrAppend(&text, i == 0 ? "" : ", ", first);
    if (last != first) absl::StrAppend(&text, "-", last);
  }
  if (gaps.size() > kMostLines) text += " and more";
  return text;
}

// Returns how many segments are said to be lost.
uint64_t WarnOfLostSegments(const Streams& streams, const FileHeader& header,
                            const absl::flat_hash_set<uint32_t>& begun,
                            Warnings& warnings) {
  std::vector<std::string> lines;
  uint64_t overwritten = 0, lost = 0;
  for (const auto& [actor, stream] : streams) {
    std::span<const std::pair<uint32_t, uint32_t>> gaps = stream.gaps;
    if (!gaps.empty() && gaps.front().first == 0) {
      // An actor's first segment holds its begin, so nothing was before it; and
      // a ring has overwritten its oldest ones, as was asked for.
      const bool ring = header.ring_blocks != 0;
      if (ring) overwritten += uint64_t{gaps.front().second} + 1;
      if (ring || begun.contains(actor)) gaps = gaps.subspan(1);
    }
    for (const auto& [first, last] : gaps) lost += uint64_t{last} - first + 1;
    if (!gaps.empty()) {
      const bool one = gaps.size() == 1 && gaps[0].first == gaps[0].second;
      lines.push_back(absl::StrCat(one ? "segment " : "segments ", Ranges(gaps),
                                   " of actor ", actor,
                                   one ? " is lost" : " are lost"));
    }
    if (stream.foreign != 0) {
      lines.push_back(
          absl::StrCat(stream.foreign,
                       stream.foreign == 1 ? " segment says" : " segments say",
                       " to be of actor ", actor,
                       " and of another process than its others; skipped"));
    }
  }
  warnings.AddLosses(lines);
  if (overwritten != 0) {
    warnings.AddLosses(
        {absl::StrCat("the ring is full: the oldest ", overwritten,
                      overwritten == 1 ? " segment was" : " segments were",
                      " overwritten; give a larger ring= to keep more")});
  }
  return lost;
}

// The header counts the blocks that were claimed; a file that ends before them
// was cut, however whole the rest looks, unless the last ones were to be
// written when the program was killed. Takes those off `being_sealed`.
void WarnOfCut(const Recording& r, const FileHeader& header,
               uint64_t& being_sealed, Warnings& warnings) {
  if (r.stop_reason != StopReason::kNone) return;  // claims failed
  const uint64_t blocks = header.ring_blocks != 0 ? header.next_hot.load()
                                                  : header.next_block.load();
  const uint64_t present = (r.file_size + kBlockSize - 1) / kBlockSize;
  if (blocks <= 1 || r.file_size / kBlockSize >= blocks) return;
  const uint64_t missing = blocks - present;
  if (header.ring_blocks == 0 && r.file_size % kBlockSize == 0 &&
      missing <= being_sealed) {
    being_sealed -= missing;
    return;
  }
  warnings.AddLosses({absl::StrCat(
      "the file ends at byte ", r.file_size, ", in block ", present, " of the ",
      blocks,
      " that were claimed: it was cut, or its program was killed while it "
      "wrote the last ones; what they held is missing")});
}

// What is recorded after the stop has holes: the fork and the join that order a
// thread may be missing though the thread is there. So it is left out.
void LeaveOutWhatBeganAfterTheStop(const FileHeader& header, Recording& r,
                                   Warnings& warnings) {
  const uint64_t stop = header.stop_ticks.load();
  if (r.stop_reason == StopReason::kNone || stop == 0) return;
  size_t count = 0;
  for (Actor& actor : r.actors) {
    if (!actor.begun || actor.begin_ticks <= stop || actor.segments.empty())
      continue;
    actor.segments.clear();
    ++count;
  }
  if (count != 0) {
    warnings.AddLosses(
        {absl::StrCat(count, count == 1 ? " thread that" : " threads that",
                      " began after recording had stopped ",
                      count == 1 ? "is" : "are", " left out")});
  }
}

void WarnOfStops(const Recording& r, uint64_t implausible, Warnings& warnings) {
  std::vector<std::string> lines;
  if (r.stop_reason != StopReason::kNone)
    lines.push_back(
        absl::StrCat("recording stopped early: ", Why(r.stop_reason)));
  if (r.dropped != 0)
    lines.push_back(absl::StrCat(
        r.dropped, r.dropped == 1 ? " record was" : " records were",
        " not written"));
  if (implausible != 0) {
    lines.push_back(
        absl::StrCat(implausible, implausible == 1 ? " id is" : " ids are",
                     " larger than any that was given out; records that name "
                     "it are damaged and count as unknown"));
  }
  warnings.AddLosses(lines);
  std::vector<std::string> unfinished;
  for (const Process& p : r.processes) {
    if (p.exited || p.replaced_by_exec) continue;
    // Its exit may be among what was not written.
    if (r.stop_reason != StopReason::kNone) continue;
    unfinished.push_back(absl::StrCat(
        p.pid == 0 ? "a process that had only begun"
                   : absl::StrCat("process ", p.pid),
        p.program.empty() ? "" : " (", p.program, p.program.empty() ? "" : ")",
        " recorded no end: it is still running, was killed, or left without "
        "its exit handlers (_exit, abort)",
        r.volatile_hot ? "; its latest records were kept in memory only" : ""));
  }
  if (r.volatile_hot) {
    warnings.AddLosses(unfinished);
  } else {
    warnings.AddUnfinished(unfinished);
  }
  if (r.processes.empty()) warnings.AddLosses({"no process recorded anything"});
}

}  // namespace

struct Recording::Impl {
  std::unique_ptr<LogFile> file;
  IdMaps ids;

  static std::unique_ptr<Recording> Read(std::unique_ptr<LogFile> file,
                                         unsigned threads);
};

Recording::Recording() : impl_(std::make_unique<Impl>()) {}
Recording::~Recording() = default;

std::unique_ptr<Recording> Recording::Impl::Read(
    std::unique_ptr<LogFile> log_file, unsigned threads) {
  std::unique_ptr<Recording> recording(new Recording);
  Recording& r = *recording;
  r.impl_->file = std::move(log_file);
  const LogFile& file = *r.impl_->file;
  const FileHeader& header = file.header();
  r.path = file.name();
  r.file_size = file.size();
  for (const uint8_t byte : header.recording_id)
    absl::StrAppend(&r.recording_id, absl::Hex(byte, absl::kZeroPad2));
  r.start_unix_ns = header.start_unix_ns;
  r.start_monotonic_ns = header.start_monotonic_ns;
  r.stop_reason = static_cast<StopReason>(header.stop_reason.load());
  r.dropped = header.dropped.load();
  r.volatile_hot = header.volatile_hot.load() != 0;

  Scan scan = ScanFile(file, threads);
  r.clock = Calibrate(header, scan.parts);
  absl::flat_hash_set<uint32_t> begun;
  r.last_ticks = header.start_ticks;
  for (const Findings& part : scan.parts) {
    r.last_ticks = std::max(r.last_ticks, part.last_ticks);
    for (const BeginRow& row : part.begins) begun.insert(row.actor);
  }
  Streams streams = AssembleStreams(TakeSegments(scan));
  Warnings warnings(r);
  WarnOfDamage(scan.parts, streams, warnings);
  uint64_t being_sealed = CountBlocksBeingSealed(file, streams);
  WarnOfCut(r, header, being_sealed, warnings);
  const uint64_t explained =
      WarnOfLostSegments(streams, header, begun, warnings) + being_sealed;
  r.impl_->ids =
      BuildTables(file, scan.parts, scan.usage, std::move(streams), r);
  if (r.stop_reason == StopReason::kNone) {  // else claims failed
    warnings.AddLosses(
        EmptyBlockLines(file, scan.parts, explained, r.processes));
  }
  LeaveOutWhatBeganAfterTheStop(header, r, warnings);
  WarnOfStops(r, r.impl_->ids.implausible_ids, warnings);
  return recording;
}

absl::StatusOr<std::unique_ptr<Recording>> Recording::Open(
    const std::string& path, unsigned threads) {
  absl::StatusOr<std::unique_ptr<LogFile>> file = LogFile::Open(path);
  if (!file.ok()) return file.status();
  return Impl::Read(*std::move(file), threads);
}

absl::StatusOr<std::unique_ptr<Recording>> Recording::OpenBytes(
    const std::string& name, std::string bytes) {
  absl::StatusOr<std::unique_ptr<LogFile>> file =
      LogFile::FromBytes(name, std::move(bytes));
  if (!file.ok()) return file.status();
  return Impl::Read(*std::move(file), 0);
}

void Recording::Release(const Segment& segment) const {
  // Small segments share blocks; one system call each would cost more.
  if (!segment.hot && segment.words.size() * 2 > kBlockWords)
    impl_->file->Release(segment.block, 1);
}

uint64_t Recording::LastTicksOf(ProcessIndex process) const {
  const bool runs = process < processes.size() &&
                    processes[process].liveness == Liveness::kRunning;
  return runs ? std::max(now_ticks, last_ticks) : last_ticks;
}

void Recording::LookAgain(
    const std::function<void(std::span<const uint32_t>)>& segment) const {
  for (const HotBlock& block : impl_->file->hot_blocks()) {
    const HotBlock now = impl_->file->LookAgain(block);
    std::span<const uint32_t> rest(now.words);
    while (!rest.empty() && IsSegment(rest[0])) {
      RecordVisitor nobody;
      const DecodeResult result = DecodeSegment(rest, nobody);
      if (result.words == 0) break;
      segment(rest.first(result.words));
      rest = rest.subspan(result.words);
    }
  }
}

ActorIndex Recording::FindActor(uint32_t id) const {
  return IdMaps::Find(impl_->ids.actors, id);
}
StackIndex Recording::FindStack(uint32_t id) const {
  return IdMaps::Find(impl_->ids.stacks, id);
}
SiteIndex Recording::FindSite(uint32_t id) const {
  return impl_->ids.FindSite(id);
}
ObjectIndex Recording::FindObject(ProcessIndex process, uint32_t id) const {
  const std::vector<ObjectIndex>& objects = ObjectsOf(process);
  return id < objects.size() ? objects[id] : kNone;
}
const std::vector<ObjectIndex>& Recording::ObjectsOf(
    ProcessIndex process) const {
  static const std::vector<ObjectIndex> kEmpty;
  return process < impl_->ids.objects.size() ? impl_->ids.objects[process]
                                             : kEmpty;
}
const std::vector<SiteIndex>& Recording::SitesById() const {
  return impl_->ids.sites;
}

}  // namespace lockcheck::log
