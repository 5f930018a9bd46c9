// Extended records, word by word, for who writes a log at leisure. The runtime
// has its own way, which stores into a block that others may read.
#ifndef LOCKCHECK_LIB_LOG_MADE_RECORD_H_
#define LOCKCHECK_LIB_LOG_MADE_RECORD_H_

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "lib/log/format.h"

namespace lockcheck::log {

class MadeRecord {
 public:
  MadeRecord(Op op, uint32_t arg, std::initializer_list<uint32_t> payload)
      : op_(op), arg_(arg) {
    words_.reserve(payload.size() + 8);
    words_.push_back(0);
    words_.insert(words_.end(), payload);
  }
  MadeRecord& Word(uint32_t word) { return words_.push_back(word), *this; }
  MadeRecord& U64(uint64_t value) {
    return Word(static_cast<uint32_t>(value))
        .Word(static_cast<uint32_t>(value >> 32));
  }
  MadeRecord& Text(std::string_view text) {
    Word(static_cast<uint32_t>(text.size()));
    const size_t at = words_.size();
    words_.resize(at + (text.size() + 3) / 4);
    if (!text.empty()) std::memcpy(&words_[at], text.data(), text.size());
    return *this;
  }
  // What has been said so far.
  const std::vector<uint32_t>& words() {
    words_[0] = Extended(op_, static_cast<uint32_t>(words_.size()), arg_);
    return words_;
  }

 private:
  const Op op_;
  const uint32_t arg_;
  std::vector<uint32_t> words_;
};

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_MADE_RECORD_H_
