// What the verbs of a LogBuilder take, and the words of the records that they
// write.
#ifndef LOCKCHECK_TESTS_LOG_LOG_RECORDS_H_
#define LOCKCHECK_TESTS_LOG_LOG_RECORDS_H_

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/log/format.h"
#include "lib/model/primitives.h"

namespace lockcheck::log::testing {

// What an acquisition or a release carries beyond object and site.
struct Extras {
  model::How how = model::How::kBlocking;
  model::Mode mode = model::Mode::kExclusive;
  std::optional<uint32_t> handover;
  std::optional<uint64_t> start;  // ticks since the recording began
  std::optional<uint64_t> end;
  std::optional<uint64_t> length;  // of a release: ticks, instead of its end
  std::optional<uint32_t> group;
  std::optional<uint32_t> ticket;  // of a wait for a signal
  bool awaited = false;            // of a wait by a coroutine
};

struct PostFacts {
  uint32_t first = 0, count = 0;  // tickets released; none: nobody waited
  uint32_t next_ticket = 1;       // 0: none of these is said
  uint32_t sequence = 0;
  uint32_t value = 0;
};

struct Held {
  uint32_t object = 0;
  uint32_t site = 0;
};

struct ActorOptions {
  uint32_t process = 0;  // 0: the process named last
  uint32_t parent = 0;
  uint32_t tid = 0;  // 0: 1000 + the actor's id
  bool hot = false;  // leave the last block hot, as a killed program does
  uint32_t reuse_block_of = 0;  // go on in the block of this ended actor
  std::vector<Held> held;       // inherited over fork
};

struct ProcessOptions {
  uint32_t pid = 0;  // 0: 100 + the process's id
  uint32_t parent = 0;
  uint64_t start_time = 0;  // 0: 5000 + the process's id
  std::string program = "/usr/bin/program";
  std::string arguments = std::string("program\0--flag", 14);
  std::string options = "mode=record";
  std::string host = "testhost";
};

// How fields and records become words.
class RecordWords {
 protected:
  static void U64(std::vector<uint32_t>& p, uint64_t value) {
    p.push_back(static_cast<uint32_t>(value));
    p.push_back(static_cast<uint32_t>(value >> 32));
  }
  static void Text(std::vector<uint32_t>& p, std::string_view text) {
    p.push_back(static_cast<uint32_t>(text.size()));
    const size_t at = p.size();
    p.resize(at + (text.size() + 3) / 4);
    if (!text.empty()) std::memcpy(&p[at], text.data(), text.size());
  }
  static void Frames(std::vector<uint32_t>& p,
                     const std::vector<uint64_t>& frames) {
    p.push_back(static_cast<uint32_t>(frames.size()));
    for (uint64_t frame : frames) U64(p, frame);
  }
  static std::vector<uint32_t> Record(Op op, uint32_t arg,
                                      const std::vector<uint32_t>& payload) {
    std::vector<uint32_t> r = {
        Extended(op, static_cast<uint32_t>(payload.size() + 1), arg)};
    r.insert(r.end(), payload.begin(), payload.end());
    return r;
  }
  static bool Short(uint32_t object, uint32_t site) {
    return object < kShortObjects && site < kShortSites;
  }
  static bool Plain(const Extras& e) {
    return e.how == model::How::kBlocking &&
           (e.mode == model::Mode::kExclusive || e.handover) && !e.group &&
           e.handover.value_or(0) <= kDetailCount;
  }
  static uint32_t Flags(const Extras& e) {
    uint32_t flags = static_cast<uint32_t>(e.how);
    if (e.mode == model::Mode::kShared) flags |= kFlagShared;
    if (e.handover) flags |= kFlagHandover;
    if (e.start) flags |= kFlagStart;
    if (e.group) flags |= kFlagGroup;
    return flags;
  }
};

}  // namespace lockcheck::log::testing

#endif  // LOCKCHECK_TESTS_LOG_LOG_RECORDS_H_
