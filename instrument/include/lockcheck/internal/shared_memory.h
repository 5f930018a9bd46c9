// Memory that processes share: with those that they fork, or by a name.
//
// Problem: whoever opens a name must find a finished value of its own type, or
// make one, or be told why not; and of several who come at once one makes it.
// Who may do what when is named_file.h's; here is what lies in the file.
//
// Throws std::system_error of the kernel's refusals, and std::invalid_argument
// if something else has the name. Threading: an object, one thread at a time.
// Cost: some ten system calls; none while the memory is used.
#ifndef LOCKCHECK_INTERNAL_SHARED_MEMORY_H_
#define LOCKCHECK_INTERNAL_SHARED_MEMORY_H_

#include <cxxabi.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/named_file.h"
#include "lockcheck/internal/robust.h"
#include "lockcheck/internal/segment.h"

#define LOCKCHECK_TEXT_OF(name) #name
#define LOCKCHECK_TEXT(name) LOCKCHECK_TEXT_OF(name)

namespace lockcheck::inline LOCKCHECK_ABI::internal {

enum class Naming : uint8_t { kCreate, kOpen, kOpenOrCreate };

// What is to be in it.
struct SharedShape {
  size_t bytes, alignment;
  const char* type;  // as the ABI spells it; null: not known
  // `bytes` are for who makes it; whoever finds it takes as many as there are.
  bool any_size = false;

  // By which two programs know that they mean the same; FNV-1a.
  uint64_t Fingerprint() const {
    if (type == nullptr) return 0;
    uint64_t hash = 0xcbf29ce484222325ull;
    for (const char* text : {type, LOCKCHECK_TEXT(LOCKCHECK_ABI)}) {
      for (; *text != 0; ++text) {
        hash = (hash ^ static_cast<unsigned char>(*text)) * 0x100000001b3ull;
      }
    }
    return hash | 1;
  }
};

template <typename T>
const char* TypeName() {
#if defined(__cpp_rtti)
  return typeid(T).name();
#else
  return nullptr;
#endif
}
template <typename T>
SharedShape ShapeOf() {
  static_assert(alignof(T) <= kSegmentPage);
  return {sizeof(T), alignof(T), TypeName<T>()};
}

class SharedMemory {
 public:
  // Of no name, filled with zeros.
  explicit SharedMemory(const SharedShape& shape)
      : offset_(ValueOffset(shape.alignment) - kSegmentPage) {
    memory_ = Map(offset_ + shape.bytes, MAP_SHARED | MAP_ANONYMOUS, -1);
    if (memory_ == nullptr) ThrowRobust(errno, "lockcheck: process::shared");
  }
  SharedMemory(Naming how, const char* name, const SharedShape& shape)
      : offset_(ValueOffset(shape.alignment)), path_(SegmentPath(name)) {
    while (!(how != Naming::kOpen && Create(name, shape)) &&
           !Open(how, name, shape)) {
    }
  }
  SharedMemory(SharedMemory&&) = default;
  SharedMemory& operator=(SharedMemory&&) = default;

  // Gives the memory back.
  void Close() noexcept {
    memory_.reset();
    file_ = NamedFile();
  }

  void* value() const { return memory_.get() + offset_; }
  // Behind value(): those of the shape, or those that were found.
  size_t value_bytes() const { return memory_.get_deleter().bytes - offset_; }
  bool is_named() const { return !path_.empty(); }

  // Calls make(), which constructs the value, if it is not there. If that
  // throws, or is killed, there is no such name.
  template <typename Make>
  void Construct(Make make) {
    if (!is_named()) return make();
    if (!is_new_) return;
    struct Making {
      ~Making() {
        t_segment_being_made = outer;
        if (!done) of.file_.RemoveName(of.path_);
      }
      SharedMemory& of;
      SegmentBeingMade outer;
      bool done;
    } making{*this, t_segment_being_made, false};
    t_segment_being_made = {header(), memory_.get_deleter().bytes};
    make();
    header()->state.store(SegmentHeader::kComplete, std::memory_order_release);
    making.done = true;
    is_new_ = false;
    file_.BeginUse();
    file_.End();
  }

  void RemoveWithLastUser(bool on) {
    if (is_named()) header()->until_last_user.store(on);
  }

  // By a user, not by its guest: calls destroy() and removes the name if this
  // is the last one, and that was asked for.
  template <typename Destroy>
  void EndUse(Destroy destroy) noexcept {
    if (!file_.IsOpen()) return;
    if (header()->until_last_user.load() != 0 && file_.Begin() == 0) {
      if (file_.NobodyElseUsesIt()) {
        header()->state.store(SegmentHeader::kDestroyed);
        destroy();
        file_.RemoveName(path_);
      }
      file_.End();
    }
    file_.EndUse();
  }

 private:
  struct Unmap {
    size_t bytes;
    void operator()(char* memory) const { munmap(memory, bytes); }
  };
  using Memory = std::unique_ptr<char, Unmap>;

  SegmentHeader* header() const { return HeaderIn(memory_); }
  static SegmentHeader* HeaderIn(const Memory& memory) {
    return reinterpret_cast<SegmentHeader*>(memory.get());
  }
  static Memory Map(size_t bytes, int flags, int fd) {
    void* const memory =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    return Memory(memory == MAP_FAILED ? nullptr : static_cast<char*>(memory),
                  Unmap{bytes});
  }
  void MapFile(size_t bytes, const char* name) {
    memory_ = Map(bytes, MAP_SHARED, file_.fd());
    if (memory_ == nullptr) ThrowNamed(errno, name);
  }

  // False: there is a file of that name, or was until now.
  bool Create(const char* name, const SharedShape& shape) {
    file_ = NamedFile(path_, O_CREAT | O_EXCL, EEXIST, name);
    if (file_.fd() < 0) return false;
    if (const int error = file_.Begin()) ThrowNamed(error, name);
    // Somebody took it for one whose maker died.
    if (file_.HasNoName()) return false;
    const size_t bytes = offset_ + shape.bytes;
    if (const int error = file_.MakeRoom(bytes)) {
      file_.RemoveName(path_);
      ThrowNamed(error, name);
    }
    MapFile(bytes, name);
    auto* const made = new (memory_.get()) SegmentHeader{};
    made->magic.store(SegmentHeader::kMagic, std::memory_order_relaxed);
    made->version = SegmentHeader::kVersion;
    made->bytes = shape.bytes;
    made->alignment = shape.alignment;
    made->fingerprint = shape.Fingerprint();
    made->creator = static_cast<uint32_t>(getpid());
    if (shape.type != nullptr) {
      memcpy(made->type, shape.type,
             std::min(strlen(shape.type), sizeof(made->type) - 1));
    }
    return is_new_ = true;
  }

  // False: it is gone meanwhile, or was never finished; try all again.
  bool Open(Naming how, const char* name, const SharedShape& shape) {
    const int expected = how == Naming::kOpen ? 0 : ENOENT;
    file_ = NamedFile(path_, 0, expected, name);
    if (file_.fd() < 0) return false;
    if (const int error = file_.Begin()) ThrowNamed(error, name);
    if (file_.HasNoName()) return false;
    const uint64_t bytes = FinishedBytes(name);
    if (bytes == 0) {
      // Who made it died over it.
      if (how == Naming::kOpen) ThrowNamed(ENOENT, name);
      file_.RemoveName(path_);
      return false;
    }
    if (how == Naming::kCreate) ThrowNamed(EEXIST, name);
    CheckFits(name, shape);
    MapFile(offset_ + static_cast<size_t>(bytes), name);
    file_.BeginUse();
    file_.End();
    return true;
  }

  Memory HeaderPage(const char* name) const {
    Memory page = Map(kSegmentPage, MAP_SHARED, file_.fd());
    if (page == nullptr) ThrowNamed(errno, name);
    return page;
  }
  // The value's; 0: it was not finished.
  uint64_t FinishedBytes(const char* name) const {
    if (file_.Bytes() == 0) return 0;
    const bool has_header = file_.Bytes() >= kSegmentPage;
    const Memory page =
        has_header ? HeaderPage(name) : Memory(nullptr, Unmap{0});
    const SegmentHeader* const found = HeaderIn(page);
    if (found != nullptr && found->magic == 0 && found->version == 0) return 0;
    if (found == nullptr || found->magic != SegmentHeader::kMagic) {
      ThrowUnfit(name, "the file of that name is none of lockcheck's");
    }
    if (found->version != SegmentHeader::kVersion) {
      ThrowUnfit(name, "another version of lockcheck has made it; remove it");
    }
    return found->state.load(std::memory_order_acquire) ==
                   SegmentHeader::kComplete
               ? found->bytes
               : 0;
  }
  void CheckFits(const char* name, const SharedShape& shape) const {
    const Memory page = HeaderPage(name);
    const SegmentHeader& found = *HeaderIn(page);
    const uint64_t print = shape.Fingerprint();
    if ((found.bytes != shape.bytes && !shape.any_size) ||
        found.alignment != shape.alignment ||
        (print != 0 && found.fingerprint != 0 && print != found.fingerprint)) {
      ThrowUnfit(name, "it has " + Described(found.type, found.bytes) +
                           ", not " + Described(shape.type, shape.bytes));
    }
    if (file_.Bytes() < offset_ || file_.Bytes() - offset_ < found.bytes) {
      ThrowUnfit(name, "its file was cut; remove it");
    }
  }
  static std::string Described(const char* type, size_t bytes) {
    const std::string spelled(
        type == nullptr
            ? ""
            : std::string(type, strnlen(type, SegmentHeader::kTypeBytes - 1)));
    int error = 1;
    const std::unique_ptr<char, void (*)(void*)> text(
        spelled.empty()
            ? nullptr
            : abi::__cxa_demangle(spelled.c_str(), nullptr, nullptr, &error),
        &std::free);
    return (error == 0        ? text.get()
            : spelled.empty() ? "a type"
                              : spelled) +
           " of " + std::to_string(bytes) + " bytes";
  }

  size_t offset_;
  std::string path_;  // as shm_open() has it; empty: it has no name
  NamedFile file_;
  Memory memory_{nullptr, Unmap{0}};
  bool is_new_ = false;  // this one has Begin(), and is to construct the value
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal
#undef LOCKCHECK_TEXT
#undef LOCKCHECK_TEXT_OF

#endif  // LOCKCHECK_INTERNAL_SHARED_MEMORY_H_
