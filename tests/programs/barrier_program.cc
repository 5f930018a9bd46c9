// What is done when all have arrived at a barrier, by who comes last.
//   barrier_program STORY
#include <lockcheck/lockcheck.h>

#include <latch>
#include <mutex>
#include <utility>

#include "tests/programs/stories.h"

namespace {

using lockcheck::this_thread::set_name;

lockcheck::mutex g_mutex("mutex");

enum class Completes { kBefore, kMeanwhile };
enum class Keeps { kWhileItWaits, kBeforeItWaits, kAfterItHasWaited };

// It needs the mutex, which who has arrived takes before that or meanwhile.
template <Completes completes, Keeps keeps>
void CompletionAndMutex() {
  const auto complete = []() noexcept { const std::lock_guard needs(g_mutex); };
  lockcheck::barrier<decltype(complete)> all(2, complete, "ready");
  std::latch last_may_come(1), is_complete(1);
  lockcheck::thread waiter([&] {
    set_name("waiter");
    auto arrival = all.arrive();
    if (completes == Completes::kBefore) {
      last_may_come.count_down();
      is_complete.wait();
    }
    std::unique_lock hold(g_mutex, std::defer_lock);
    if (keeps != Keeps::kAfterItHasWaited) hold.lock();
    if (keeps == Keeps::kBeforeItWaits) hold.unlock();
    if (completes == Completes::kMeanwhile) last_may_come.count_down();
    all.wait(std::move(arrival));
    if (keeps == Keeps::kAfterItHasWaited) hold.lock();
  });
  lockcheck::thread last([&] {
    set_name("ender");
    last_may_come.wait();
    all.arrive_and_wait();
    is_complete.count_down();
  });
  waiter.join();
  last.join();
}

constexpr Story kStories[] = {
    {"completion-under-mutex-latent",
     CompletionAndMutex<Completes::kBefore, Keeps::kWhileItWaits>},
    {"completion-under-mutex-hangs",
     CompletionAndMutex<Completes::kMeanwhile, Keeps::kWhileItWaits>},
    {"completion-under-mutex-safe",
     CompletionAndMutex<Completes::kMeanwhile, Keeps::kBeforeItWaits>},
    {"completion-under-mutex-safe-before",
     CompletionAndMutex<Completes::kBefore, Keeps::kBeforeItWaits>},
    {"completion-under-mutex-safe-after",
     CompletionAndMutex<Completes::kMeanwhile, Keeps::kAfterItHasWaited>},
    {"completion-under-mutex-safe-after-before",
     CompletionAndMutex<Completes::kBefore, Keeps::kAfterItHasWaited>},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
