#include "lib/log/block_file.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace lockcheck::log {

BlockFile::BlockFile(Write write) : write_(std::move(write)) {
  records_.reserve(kRecordWords);
}

absl::Status BlockFile::Append(std::span<const uint32_t> segment) {
  if (records_.size() + segment.size() > kRecordWords) {
    if (absl::Status sealed = Seal(); !sealed.ok()) return sealed;
  }
  records_.insert(records_.end(), segment.begin(), segment.end());
  return absl::OkStatus();
}

absl::Status BlockFile::Seal() {
  if (records_.empty()) return absl::OkStatus();
  records_.resize(kRecordWords);
  BlockHeader header = {};
  header.magic = kBlockMagic;
  header.kind = BlockKind::kSealed;
  header.claim = next_block_;
  header.checksum = Checksum(records_.data(), records_.size());
  std::string block(kBlockSize, '\0');
  std::memcpy(block.data(), &header, sizeof(header));
  std::memcpy(block.data() + sizeof(header), records_.data(),
              records_.size() * sizeof(uint32_t));
  records_.clear();
  return write_(next_block_++ * kBlockSize, block);
}

absl::Status BlockFile::Finish(const LogFacts& facts) {
  if (absl::Status sealed = Seal(); !sealed.ok()) return sealed;
  FileHeader h = {};
  std::memcpy(h.magic, kMagic, sizeof(kMagic));
  h.major_version = kMajorVersion;
  h.minor_version = kMinorVersion;
  h.block_size = kBlockSize;
  std::copy_n(facts.recording_id, sizeof(h.recording_id), h.recording_id);
  h.start_unix_ns = facts.start_unix_ns;
  h.start_monotonic_ns = facts.start_monotonic_ns;
  h.start_ticks = facts.start_ticks;
  h.next_block = next_block_;
  h.next_object = facts.objects + 1;
  h.next_site = facts.sites + kFirstSite;
  h.next_stack = 1;
  h.next_actor = facts.actors + 1;
  h.next_process = facts.processes + 1;
  h.next_module = 1;
  h.next_place = facts.places + 1;
  std::string block(kBlockSize, '\0');
  std::memcpy(block.data(), static_cast<const void*>(&h), sizeof(h));
  return write_(0, block);
}

}  // namespace lockcheck::log
