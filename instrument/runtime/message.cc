#include "instrument/runtime/message.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cstring>

#include "instrument/runtime/keep_errno.h"

namespace lockcheck::runtime {
namespace {

// Whoever was to read it may be gone; that is not to end the program. One
// SIGPIPE that is pending already is the program's own.
void WriteToStderr(const char* text, size_t size) {
  sigset_t pipe, blocked, pending;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, &blocked);
  sigpending(&pending);
  const ssize_t written = write(STDERR_FILENO, text, size);
  if (written < 0 && errno == EPIPE && !sigismember(&pending, SIGPIPE)) {
    const timespec at_once = {};
    while (sigtimedwait(&pipe, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
}

}  // namespace

Message::~Message() {
  const KeepErrno keep_errno;
  if (size_ == sizeof(text_)) --size_;
  text_[size_++] = '\n';
  WriteToStderr(text_, size_);
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
