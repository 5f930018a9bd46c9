// Any bytes as a log: the reader must neither crash nor leave its spans, nor
// must what is said about the log in any form of the report.
//
//   read_log_fuzz --write-seeds=DIR     writes seeds made by LogBuilder
//   read_log_fuzz DIR -max_len=8192     fuzzes
//
// A log's blocks are 64 KiB of mostly zeros under a checksum, which a fuzzer
// cannot get through. So an input is a packed log: one byte of flags, then for
// each block its kind (1 byte), a count of words (2 bytes) and the words. The
// target unpacks it: it adds headers, zeros and right checksums. With flag kRaw
// the input is the file itself.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "lib/log/recording.h"
#include "tests/fuzz/write_seeds.h"
#include "tests/log/log_builder.h"
#include "tests/log/random_log.h"
#include "tests/log/transcript.h"
#include "tests/report/all_forms.h"

namespace lockcheck::log {
namespace {

using testing::LogBuilder;
using testing::RandomLog;

enum Flags : uint8_t { kRaw = 1, kCut = 2, kRing = 4, kBadSum = 8 };

class Unpacker {
 public:
  Unpacker(const uint8_t* data, size_t size) : data_(data), end_(data + size) {}

  std::string File() {
    const uint8_t flags = Byte();
    if (flags & kRaw) return {data_, end_};
    LogBuilder header;
    if (flags & kRing) header.Ring(2);
    std::string file = header.bytes().substr(0, kBlockSize);
    file.resize(kBlockSize);
    while (data_ < end_ && file.size() < 12 * kBlockSize) AddBlock(file, flags);
    return file;
  }

 private:
  uint8_t Byte() { return data_ < end_ ? *data_++ : uint8_t{0}; }
  void AddBlock(std::string& file, uint8_t flags) {
    BlockHeader h = {};
    h.magic = kBlockMagic;
    const uint8_t kind = Byte();
    h.kind = static_cast<BlockKind>(kind % 4);
    size_t words = Byte();
    words |= static_cast<size_t>(Byte()) << 8;
    std::vector<uint32_t> records(kBlockWords - kHeaderWords);
    words = std::min({words, records.size(),
                      static_cast<size_t>(end_ - data_) / sizeof(uint32_t)});
    std::memcpy(records.data(), data_, words * sizeof(uint32_t));
    data_ += words * sizeof(uint32_t);
    if (words == 0 && data_ < end_) ++data_;
    if (h.kind == BlockKind::kSealed && !(flags & kBadSum))
      h.checksum = Checksum(records.data(), records.size());
    file.append(reinterpret_cast<const char*>(&h), sizeof h);
    const bool cut = (flags & kCut) && data_ >= end_;
    file.append(reinterpret_cast<const char*>(records.data()),
                (cut ? words : records.size()) * sizeof(uint32_t));
  }

  const uint8_t* data_;
  const uint8_t* end_;
};

std::string Pack(const std::string& log, uint8_t flags) {
  std::string packed(1, static_cast<char>(flags));
  for (size_t at = kBlockSize; at + kBlockSize <= log.size();
       at += kBlockSize) {
    BlockHeader h;
    std::memcpy(static_cast<void*>(&h), &log[at], sizeof h);
    size_t words = kBlockWords - kHeaderWords;
    const char* const records = &log[at + sizeof h];
    while (words > 0 &&
           std::all_of(records + 4 * words - 4, records + 4 * words,
                       [](char c) { return c == 0; })) {
      --words;
    }
    packed += static_cast<char>(h.kind);
    packed += static_cast<char>(words & 0xff);
    packed += static_cast<char>(words >> 8);
    packed.append(records, words * 4);
  }
  return packed;
}

std::string EveryKindOfRecord() {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain, {.hot = true}).Module(1, "/bin/x");
  b.Place(1, "a.cc", 3, "f").Site(8, {PackFrame(1, 16), PackFrame(0, 1)});
  b.Object(1, model::ObjectKind::kMutex, "m", 1, 8);
  b.Stack(1, {StackReason::kWait, 1, 8, 2, 9}, {PackFrame(1, 32)});
  b.Name(NameTarget::kObject, 1, "n").Note(1, NoteKind::kTiming, 1);
  b.Note(1, NoteKind::kElsewhere, 1).Note(1, NoteKind::kQuiescent, 1);
  b.Open(1, 1, 8, {.handover = 2}).Section(1, 2, 9, {.start = 5, .end = 9});
  b.Section(1, 2, 9, {.handover = 4}).SectionThenClose(1, 3, 9);
  b.Open(1, 1, 9, {.how = model::How::kMulti, .start = 9, .group = 1});
  b.Close(1, 0, {.end = 10}).TryFailed(1, 1, 8);
  b.Block(1, 1, 8, 2, 9).Wake(1, 2, 9).WaitStack(1, 1).Unblock(1).Fork(1, 2);
  b.Actor(2, BeginHow::kStarted, {.parent = 1, .hot = true}).End(2);
  b.JoinBlock(1, 2, 8).Join(1, 2).ReleasedByOther(1, 1).Destroy(1, 1);
  b.Misuse(1, model::Misuse::kUnlockFree, 1, 8, 0, 1).SawWaiters(1, 1);
  b.Process(2, {.parent = 1}).Actor(3, BeginHow::kForkChild, {.parent = 1});
  b.Object(4, model::ObjectKind::kAtomic, "a", 1, 8);
  b.Access(1, model::Access::kWrite, 4, 8, 1)
      .ShortAccess(1, model::Access::kRead, 4, 8, 1)
      .Access(3, model::Access::kUpdate, 4, 8, 2);
  b.Section(3, 1, 8).Exit(3).NewBlock(1).Exit(1);
  return b.bytes();
}

void WriteSeeds(const std::string& folder) {
  int number = 0;
  const auto write = [&](const std::string& bytes) {
    std::ofstream(folder + "/seed" + std::to_string(number++)) << bytes;
  };
  for (const uint8_t flags : {0, 2, 4, 8})
    write(Pack(EveryKindOfRecord(), flags));
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    write(Pack(RandomLog(seed, {.actors = 2,
                                .events = 80,
                                .split_every = 90,
                                .hot = seed % 2 == 0})
                   .builder.bytes(),
               0));
  }
  write('\1' + EveryKindOfRecord().substr(0, kBlockSize + 400));
}

}  // namespace
}  // namespace lockcheck::log

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  lockcheck::testing::WriteSeedsIfAsked(*argc, *argv,
                                        &lockcheck::log::WriteSeeds);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lockcheck::log;
  const auto recording =
      Recording::OpenBytes("fuzz.log", Unpacker(data, size).File());
  if (!recording.ok()) return 0;
  const Recording& r = **recording;
  for (ActorIndex i = 0; i < r.actors.size(); ++i) {
    testing::Transcript transcript;
    r.Replay(i, transcript);
    if (r.actors[i].process >= r.processes.size()) std::abort();
  }
  for (const Object& object : r.objects) {
    if (r.FindObject(object.process, object.id) == kNone) std::abort();
  }
  for (const Site& site : r.sites) {
    if (r.FindSite(site.id) == kNone) std::abort();
  }
  lockcheck::report::testing::AllFormsOf(r);
  return 0;
}
