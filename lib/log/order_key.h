// The place of a lock among those of its class, as the program declares it:
// within a lock of its class one with a larger key may be taken.
//
// In the file it is a DEF_NAME of an object, with a target of its own (since
// version 2.5; an older reader passes over it), whose text is the key in
// decimal. In a Recording it is the object's value, which locks have no other
// use for.
#ifndef LOCKCHECK_LIB_LOG_ORDER_KEY_H_
#define LOCKCHECK_LIB_LOG_ORDER_KEY_H_

#include <cstdint>
#include <optional>

#include "lib/log/format.h"
#include "lib/log/recording.h"
#include "lib/model/primitives.h"

namespace lockcheck::log {

inline constexpr auto kOrderKeyName = static_cast<NameTarget>(4);
inline constexpr uint32_t kLargestOrderKey = 0xfffffffe;

inline std::optional<uint32_t> OrderKeyOf(const Object& object) {
  if (object.value == 0 || model::EndsByAnybody(object.kind)) return {};
  return object.value - 1;
}

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_ORDER_KEY_H_
