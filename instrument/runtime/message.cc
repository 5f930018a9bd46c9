#include "instrument/runtime/message.h"

#include <errno.h>
#include <unistd.h>

#include <cstring>

#include "instrument/runtime/keep_errno.h"

namespace lockcheck::runtime {

Message::~Message() {
  const KeepErrno keep_errno;
  if (size_ == sizeof(text_)) --size_;
  text_[size_++] = '\n';
  const ssize_t ignored = write(STDERR_FILENO, text_, size_);
  (void)ignored;
}

Message& Message::Bytes(const char* text, size_t size) {
  const size_t room = sizeof(text_) - size_;
  const size_t n = size < room ? size : room;
  memcpy(text_ + size_, text, n);
  size_ += n;
  return *this;
}

Message& Message::operator<<(const char* text) {
  return Bytes(text, strlen(text));
}

Message& Message::operator<<(uint64_t number) { return Digits(number, 10); }
Message& Message::Hex(uint64_t number) {
  return (*this << "0x").Digits(number, 16);
}

Message& Message::Digits(uint64_t number, uint64_t base) {
  char digits[20];
  size_t at = sizeof(digits);
  do {
    digits[--at] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number != 0);
  return Bytes(digits + at, sizeof(digits) - at);
}

}  // namespace lockcheck::runtime
