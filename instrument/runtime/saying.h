// What is found is said as a whole, and counts: exit() lets who has begun to
// say something end first.
//
// Problem: while a thread says what it has found, which takes as long as the
// command does, another one calls exit(). The process would end between the
// headline and the names, or with a status that knows nothing of what was
// printed.
//
// Guarantees: exit() waits for each thread that says something, as long as the
// command may take, and then says itself what is left. When it has settled the
// status, whoever else has something to say holds it back for a second: it is
// not said at all if the process ends now, and is said if the process does not
// get to its end.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_SAYING_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_SAYING_H_

#include <atomic>
#include <cstdint>

namespace lockcheck::runtime {

class Deadlock;
class Saying;

// In the page that fork() wipes. Under ProcessLock but for the atomic field.
struct Sayings {
  Saying* first;
  std::atomic<uint32_t> over;  // futex: how many have come to their end
  uint32_t settled_by;         // the thread that ends the process; 0: none yet
};

// Lives while its thread says something and counts it. May hold the thread up.
class Saying {
 public:
  Saying();
  ~Saying();
  Saying(const Saying&) = delete;
  Saying& operator=(const Saying&) = delete;

  // The headline has been said, and who and where are next.
  void BeginNames(const Deadlock& deadlock);
  // True: nobody has said them yet, and nobody else will.
  bool TakeNames();

 private:
  friend bool OthersSay();
  friend void SayNames(bool of_others);

  const uint32_t tid_;
  Saying* next_;
  const Deadlock* names_ = nullptr;
};

// Waits until no other thread says anything, as long as the command may take;
// once it has taken longer, not any more.
void AwaitSayings();

// The same, and from now on nobody else begins at once.
void SettleSayings();
bool AreSayingsSettled();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_SAYING_H_
