// One line on stderr, from anywhere: no allocation, no stream, one write(2).
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_MESSAGE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_MESSAGE_H_

#include <cstddef>
#include <cstdint>

namespace lockcheck::runtime {

class Message {
 public:
  Message() { *this << "lockcheck: "; }
  // Writes the line. errno is kept.
  ~Message();
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  Message& operator<<(const char* text);
  Message& operator<<(uint64_t number);
  Message& Hex(uint64_t number);
  Message& Bytes(const char* text, size_t size);

 private:
  Message& Digits(uint64_t number, uint64_t base);

  char text_[1024];
  size_t size_ = 0;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_MESSAGE_H_
