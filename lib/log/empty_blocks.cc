#include "lib/log/empty_blocks.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace lockcheck::log {
namespace {

// A block is sealed when the next record might not fit: with a stack in front
// of it that is some 250 words at most, unless a text is very long.
constexpr size_t kMostLeft = 512;

// From a claim until its block is written it takes some 50 us.
constexpr std::chrono::milliseconds kAMoment{10};

// Whether that number was claimed, by the header as it was first.
bool WasClaimed(const FileHeader& header, uint64_t number) {
  if (header.ring_blocks == 0 || number <= header.ring_blocks) {
    return number < header.next_block.load();
  }
  return number < header.next_hot.load();
}

}  // namespace

uint64_t CountBlocksBeingSealed(const LogFile& file, const Streams& streams) {
  absl::flat_hash_set<uint64_t> unsealed;
  for (const auto& [actor, stream] : streams) {
    if (stream.segments.empty() || !stream.segments.back().hot) continue;
    unsealed.insert(stream.segments.back().block);
  }
  return static_cast<uint64_t>(std::count_if(
      file.hot_blocks().begin(), file.hot_blocks().end(),
      [&](const HotBlock& block) {
        return kHeaderWords + block.words.size() + kMostLeft >= kBlockWords &&
               unsealed.contains(block.number);
      }));
}

std::vector<std::string> EmptyBlockLines(const LogFile& file,
                                         std::span<const Findings> parts,
                                         uint64_t explained,
                                         std::span<const Process> processes) {
  std::vector<uint64_t> blocks;
  for (const Findings& part : parts) {
    std::copy_if(part.free_blocks.begin(), part.free_blocks.end(),
                 std::back_inserter(blocks), [&](uint64_t number) {
                   return WasClaimed(file.header(), number);
                 });
  }
  const bool may_be_written =
      file.sees_changes() &&
      std::any_of(processes.begin(), processes.end(),
                  [](const Process& p) { return !p.exited; });
  if (blocks.size() > explained && may_be_written) {
    std::this_thread::sleep_for(kAMoment);
    std::erase_if(blocks,
                  [&](uint64_t number) { return !file.IsStillFree(number); });
  }
  if (blocks.size() <= explained) return {};
  const uint64_t count = blocks.size() - explained;
  const bool one = count == 1;
  return {absl::StrCat(
      count, one ? " block was" : " blocks were", " claimed and ",
      one ? "holds" : "hold", " nothing (", one ? "" : "the first ", "at byte ",
      blocks.front() * kBlockSize, "): ", one ? "it was" : "they were",
      " damaged, or the program was killed before it wrote ",
      one ? "it; what it" : "them; what they", " held is missing")};
}

}  // namespace lockcheck::log
