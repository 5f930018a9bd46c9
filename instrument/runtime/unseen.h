// What the runtime does for itself, ThreadSanitizer need not see.
//
// Problem: in a program that is built with the sanitizer and linked with a
// runtime that is not, its interceptors still see the runtime's memcpy, mmap
// and pwritev, and nothing of what orders them; and they take the runtime's
// use of one file by all threads for an order of the threads, which hides the
// program's own races. While one of these lives, they look away. Without the
// sanitizer the functions are not there, and this is a load and a comparison; a
// runtime that is built with it is looked at.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_UNSEEN_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_UNSEEN_H_

extern "C" {
[[gnu::weak]] void __tsan_ignore_thread_begin();
[[gnu::weak]] void __tsan_ignore_thread_end();
[[gnu::weak]] void AnnotateIgnoreSyncBegin(const char* file, int line);
[[gnu::weak]] void AnnotateIgnoreSyncEnd(const char* file, int line);
}

namespace lockcheck::runtime {

// Whether the sanitizer is in this program, whoever was built with it.
inline bool IsUnderTsan() {
#if defined(LOCKCHECK_RUNTIME_UNDER_TSAN)
  return true;
#else
  return &__tsan_ignore_thread_begin != nullptr;
#endif
}

class Unseen {
 public:
#if defined(LOCKCHECK_RUNTIME_UNDER_TSAN)
  Unseen() {}
  ~Unseen() {}
#else
  Unseen() {
    if (__builtin_expect(&__tsan_ignore_thread_begin != nullptr, false)) {
      __tsan_ignore_thread_begin();
      AnnotateIgnoreSyncBegin(__FILE__, __LINE__);
    }
  }
  ~Unseen() {
    if (__builtin_expect(&__tsan_ignore_thread_begin != nullptr, false)) {
      AnnotateIgnoreSyncEnd(__FILE__, __LINE__);
      __tsan_ignore_thread_end();
    }
  }
#endif
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_UNSEEN_H_
