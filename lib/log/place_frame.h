// Frames that are places: of logs that were made of something else than a run,
// as an imported trace is, and know of no modules.
//
// In the file such a frame has kPlaceModule for a module and a place's id for
// an offset (version 2.5; an older reader takes it for an address). In a
// Recording it has kPlaceFrame and an index into Recording::places.
#ifndef LOCKCHECK_LIB_LOG_PLACE_FRAME_H_
#define LOCKCHECK_LIB_LOG_PLACE_FRAME_H_

#include <cstdint>

#include "lib/log/recording.h"

namespace lockcheck::log {

inline constexpr uint32_t kPlaceModule = 0xffff;
inline constexpr uint32_t kPlaceFrame = kNone - 1;

// Null: the frame is an address.
inline const Place* PlaceOf(const Recording& recording, const Frame& frame) {
  if (frame.module != kPlaceFrame) return nullptr;
  if (frame.offset >= recording.places.size()) return nullptr;
  return &recording.places[frame.offset];
}

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_PLACE_FRAME_H_
