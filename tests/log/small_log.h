// A small log to be cut or damaged, and all that a reader finds in such bytes.
#ifndef LOCKCHECK_TESTS_LOG_SMALL_LOG_H_
#define LOCKCHECK_TESTS_LOG_SMALL_LOG_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/log/recording.h"
#include "tests/log/log_builder.h"
#include "tests/log/transcript.h"

namespace lockcheck::log {

using Events = std::map<uint32_t, std::vector<std::string>>;  // by actor

// Everything a reader can reach is touched.
inline Events EventsOf(const Recording& r) {
  Events events;
  for (ActorIndex i = 0; i < r.actors.size(); ++i) {
    testing::Transcript t;
    r.Replay(i, t);
    events[r.actors[i].id] = std::move(t.lines);
  }
  return events;
}

inline std::unique_ptr<Recording> Read(const std::string& bytes) {
  auto recording = Recording::OpenBytes("test.log", bytes);
  EXPECT_TRUE(recording.ok()) << recording.status();
  return *std::move(recording);
}

inline std::string SmallLog(bool hot) {
  testing::LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain, {.hot = hot});
  b.Object(1, model::ObjectKind::kMutex, "m").Site(8, {PackFrame(0, 1)});
  b.Open(1, 1, 8).Section(1, 2, 9, {.handover = 3}).Close(1).Fork(1, 2);
  b.Actor(2, BeginHow::kStarted, {.parent = 1, .hot = hot}).Section(2, 1, 8);
  b.Block(2, 1, 8, 1, 9).Unblock(2).NewSegment(2).Section(2, 3, 8).NewBlock(2);
  b.Section(2, 4, 8).End(2).Exit(1);
  return b.bytes();
}

}  // namespace lockcheck::log

#endif  // LOCKCHECK_TESTS_LOG_SMALL_LOG_H_
