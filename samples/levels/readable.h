// Coroutines that wait until a descriptor can be read, all on one thread; a
// second one, in poll(), sees for which that is so.
#ifndef LOCKCHECK_SAMPLES_LEVELS_READABLE_H_
#define LOCKCHECK_SAMPLES_LEVELS_READABLE_H_

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <list>
#include <vector>

#include "lockcheck/coroutine.h"
#include "lockcheck/lockcheck.h"

namespace levels {

class Readable {
 public:
  explicit Readable(lockcheck::coroutine::context& context)
      : context_(context), changed_(eventfd(0, EFD_CLOEXEC)) {}
  ~Readable() {
    Wake(kEnd);
    poller_.join();
    close(changed_);
  }
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;

  lockcheck::coroutine::task<> Await(int descriptor) {
    // The poller resumes it: until then the context waits.
    const lockcheck::coroutine::context::work work(context_);
    Awaited awaited{descriptor};
    {
      const lockcheck::lock_guard guard(lock_);
      all_.push_back(&awaited);
    }
    Wake(1);
    co_await awaited.event.wait();
  }

 private:
  struct Awaited {
    int descriptor;
    lockcheck::coroutine::event event{"readable"};
  };
  static constexpr uint64_t kEnd = 1u << 20;

  void Wake(uint64_t value) {
    static_cast<void>(write(changed_, &value, sizeof(value)));
  }

  void Poll() {
    while (true) {
      std::vector<pollfd> polled = {{changed_, POLLIN, 0}};
      {
        const lockcheck::lock_guard guard(lock_);
        for (const Awaited* awaited : all_) {
          polled.push_back({awaited->descriptor, POLLIN, 0});
        }
      }
      if (poll(polled.data(), polled.size(), -1) < 0) continue;
      uint64_t value = 0;
      if (polled[0].revents != 0 && read(changed_, &value, sizeof(value)) < 0) {
        continue;
      }
      if (value >= kEnd) return;
      for (const pollfd& one : polled) {
        if (one.revents != 0) Found(one.fd);
      }
    }
  }
  void Found(int descriptor) {
    Awaited* found = nullptr;
    {
      const lockcheck::lock_guard guard(lock_);
      for (auto at = all_.begin(); at != all_.end(); ++at) {
        if ((*at)->descriptor != descriptor) continue;
        found = *at;
        all_.erase(at);
        break;
      }
    }
    if (found != nullptr) found->event.set();
  }

  lockcheck::coroutine::context& context_;
  const int changed_;
  lockcheck::mutex lock_{"readable"};
  std::list<Awaited*> all_;  // guarded by it
  lockcheck::thread poller_{[this] { Poll(); }};
};

}  // namespace levels

#endif  // LOCKCHECK_SAMPLES_LEVELS_READABLE_H_
