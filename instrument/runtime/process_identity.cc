#include "instrument/runtime/process_identity.h"

#include <cstring>

#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"

namespace lockcheck::runtime {
namespace {

// Its end says more than its beginning.
void CopyEnd(char* to, size_t size, const char* from) {
  const size_t length = from == nullptr ? 0 : strlen(from);
  const size_t kept = length < size ? length : size - 1;
  if (kept != 0) memcpy(to, from + (length - kept), kept);
  to[kept] = 0;
}

}  // namespace

uint64_t NewNumber() {
  static std::atomic<uint32_t> made{0};
  const uint64_t mix = Ticks() * 0x9e3779b97f4a7c15ull ^ uint64_t {
    static_cast<uint32_t>(getpid())
  } << 32 ^ made.fetch_add(1, std::memory_order_relaxed);
  return mix | 4;
}

void CopyNames(const MadeNames& made, ProcessNameText& name,
               ProcessFileText& file) {
  const size_t size =
      made.name == nullptr ? 0 : strnlen(made.name, sizeof(name) - 1);
  if (size != 0) memcpy(name, made.name, size);
  name[size] = 0;
  CopyEnd(file, sizeof(file), made.file);
}

uint64_t PlaceKey(const char* file, uint32_t line) {
  return (uint64_t{ClassOf(nullptr, file, line)} << 32 | line) *
             0x9e3779b97f4a7c15ull |
         1;
}

bool HasOwnLog(const Thread* t) {
  return !t->live && internal::g_recording.load(std::memory_order_relaxed) != 0;
}

}  // namespace lockcheck::runtime
