// The same three requests to a slow device, twice: synchronously, where the
// client waits for each reply before it goes on; and asynchronously, where it
// sends all three, works meanwhile, and handles the replies afterwards.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

#include "lockcheck/lockcheck.h"

namespace {

constexpr int kRequests = 3;

// Answers one request after the other, each after some time.
class Device {
 public:
  using Reply = std::function<void()>;

  ~Device() {
    requests_.close();
    thread_.join();
  }
  void Send(Reply reply) { requests_.put(std::move(reply)); }

 private:
  void Serve() {
    lockcheck::this_thread::set_name("device");
    try {
      while (true) {
        const Reply reply = requests_.get();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        reply();
      }
    } catch (const lockcheck::queue_closed&) {
    }
  }

  lockcheck::queue<Reply> requests_{"requests"};
  lockcheck::thread thread_{[this] { Serve(); }};
};

void Synchronous(Device& device) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  for (int i = 1; i <= kRequests; ++i) {
    std::printf("request %d, and wait\n", i);
    device.Send([out = ends[1]] {
      if (write(out, "", 1) != 1) std::abort();
    });
    char byte;
    {
      const lockcheck::blocking_region waiting("reply");
      if (read(ends[0], &byte, 1) != 1) std::abort();
    }
    std::printf("reply %d\n", i);
  }
  close(ends[0]);
  close(ends[1]);
  std::puts("other work");
}

void Asynchronous(Device& device) {
  std::array<lockcheck::async_operation, kRequests> operations{
      lockcheck::async_operation("request 1"),
      lockcheck::async_operation("request 2"),
      lockcheck::async_operation("request 3")};
  for (int i = 1; i <= kRequests; ++i) {
    lockcheck::async_operation& operation = operations[i - 1];
    std::printf("request %d\n", i);
    operation.start();
    device.Send([&operation] { operation.complete(); });
  }
  std::puts("other work");
  for (int i = 1; i <= kRequests; ++i) {
    operations[i - 1].wait();
    std::printf("reply %d\n", i);
  }
}

}  // namespace

int main() {
  Device device;
  std::puts("synchronous");
  Synchronous(device);
  std::puts("asynchronous");
  Asynchronous(device);
}
