// The words of a record, read one after the other.
#ifndef LOCKCHECK_LIB_LOG_PAYLOAD_H_
#define LOCKCHECK_LIB_LOG_PAYLOAD_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace lockcheck::log::internal {

// Reads a record's payload in order. Reading past the record's end gives zeros
// and clears ok(), so a malformed record needs one check, after the reads.
class Payload {
 public:
  Payload(const uint32_t* words, uint32_t count)
      : next_(words), end_(words + count) {}
  uint32_t Word() { return next_ < end_ ? *next_++ : Fail(); }
  uint64_t U64() {
    const uint64_t low = Word();
    return low | static_cast<uint64_t>(Word()) << 32;
  }
  std::string_view Text() {
    const uint32_t bytes = Word();
    const uint64_t words = (static_cast<uint64_t>(bytes) + 3) / 4;
    if (words > static_cast<uint64_t>(end_ - next_)) return Fail(), "";
    const auto* text = reinterpret_cast<const char*>(next_);
    next_ += words;
    return {text, bytes};
  }
  std::span<const uint32_t> Words(uint64_t count) {
    if (count > static_cast<uint64_t>(end_ - next_))
      return Fail(), std::span<const uint32_t>();
    const std::span<const uint32_t> words(next_, count);
    next_ += count;
    return words;
  }
  bool ok() const { return ok_; }
  bool more() const { return next_ < end_; }

 private:
  uint32_t Fail() {
    ok_ = false;
    next_ = end_;
    return 0;
  }
  const uint32_t* next_;
  const uint32_t* end_;
  bool ok_ = true;
};

}  // namespace lockcheck::log::internal

#endif  // LOCKCHECK_LIB_LOG_PAYLOAD_H_
