// Whose turn it is: of the thread that runs the tests, or of one that has a
// deadlock to report.
//
// Problem: a deadlock is reported by whichever thread closed it, or by one of
// the runtime's own, while the tests may go on: the next test would begin, and
// be the one that fails. Two may be reported at once, too. So each takes turns,
// and who has a report goes before the tests: these do not get from one test
// to another while one is being made or waited for.
//
// A thread that has the turn may take it again: a listener of the user's may
// end the program, or lock up, when it is told of a failure.
#ifndef LOCKCHECK_TOOLS_CHECK_TURN_H_
#define LOCKCHECK_TOOLS_CHECK_TURN_H_

#include <condition_variable>
#include <mutex>
#include <thread>

namespace lockcheck::testing {

class Turns {
 private:
  friend class Turn;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread::id owner_;  // nobody's id: nobody has the turn
  int reports_ = 0;        // made or waited for
};

class Turn {
 public:
  enum class Of { kTests, kReport };
  Turn(Turns& turns, Of of) : turns_(turns) {
    std::unique_lock lock(turns.mutex_);
    const std::thread::id me = std::this_thread::get_id();
    again_ = turns.owner_ == me;
    if (again_) return;
    reports_ = of == Of::kReport ? 1 : 0;
    turns.reports_ += reports_;
    turns.changed_.wait(lock, [&] {
      return turns.owner_ == std::thread::id() &&
             (of == Of::kReport || turns.reports_ == 0);
    });
    turns.owner_ = me;
  }
  ~Turn() {
    if (again_) return;
    const std::lock_guard lock(turns_.mutex_);
    turns_.owner_ = std::thread::id();
    turns_.reports_ -= reports_;
    turns_.changed_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Turns& turns_;
  bool again_ = false;
  int reports_ = 0;
};

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TOOLS_CHECK_TURN_H_
