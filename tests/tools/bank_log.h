// Logs of a small bank whose functions are this test program's own, so that the
// command finds their names: two accounts, a clerk and an auditor.
#ifndef LOCKCHECK_TESTS_TOOLS_BANK_LOG_H_
#define LOCKCHECK_TESTS_TOOLS_BANK_LOG_H_

#include <limits.h>
#include <link.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "lib/log/format.h"
#include "lib/model/primitives.h"
#include "tests/log/log_builder.h"

namespace bank {

// Distinct bodies: equal ones would be folded into one address.
extern volatile int side_effect;
[[gnu::noinline]] void PayIn();
[[gnu::noinline]] void PayOut();
[[gnu::noinline]] void Audit();
[[gnu::noinline]] void CheckBooks();
[[gnu::noinline]] void EnterVault();

#ifdef LOCKCHECK_TESTS_BANK_BODIES
volatile int side_effect = 0;
void PayIn() { side_effect = side_effect + 1; }
void PayOut() { side_effect = side_effect + 2; }
void Audit() { side_effect = side_effect + 3; }
void CheckBooks() { side_effect = side_effect + 4; }
void EnterVault() { side_effect = side_effect + 5; }
#endif

inline uint64_t LoadBase() {
  uint64_t base = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uint64_t*>(out) = info->dlpi_addr;
        return 1;  // the program itself comes first
      },
      &base);
  return base;
}

inline uint64_t FrameOf(void (*function)()) {
  return lockcheck::log::PackFrame(
      1, reinterpret_cast<uint64_t>(function) - LoadBase());
}

inline std::string ThisProgram() {
  char path[PATH_MAX];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
  return n > 0 ? std::string(path, static_cast<size_t>(n)) : "";
}

inline constexpr uint32_t kCash = 1, kBooks = 2, kVault = 3;
inline constexpr uint32_t kPayIn = 8, kPayOut = 9, kAudit = 10,
                          kCheckBooks = 11, kEnterVault = 12;
inline constexpr uint32_t kMain = 1, kClerk = 2, kAuditor = 3;
inline constexpr uint64_t kMs = 1'000'000;  // ticks; one tick is one ns

using Log = lockcheck::log::testing::LogBuilder;

// Main has started a clerk and an auditor; nothing is locked yet. With `hot`
// their streams end as those of a program that was killed.
inline Log Opened(bool hot = false) {
  using lockcheck::log::BeginHow;
  using lockcheck::log::NameTarget;
  using lockcheck::model::ObjectKind;
  Log b;
  b.NsPerTick(1.0);
  b.At(0).Process(1).Actor(kMain, BeginHow::kMain);
  b.Module(1, ThisProgram(), LoadBase(), 1 << 24);
  b.Object(kCash, ObjectKind::kMutex, "cash");
  b.Object(kBooks, ObjectKind::kMutex, "books");
  b.Object(kVault, ObjectKind::kMutex, "vault");
  b.Site(kPayIn, {FrameOf(PayIn)}).Site(kPayOut, {FrameOf(PayOut)});
  b.Site(kAudit, {FrameOf(Audit)}).Site(kCheckBooks, {FrameOf(CheckBooks)});
  b.Site(kEnterVault, {FrameOf(EnterVault)});
  b.Fork(kMain, kClerk).Fork(kMain, kAuditor);
  b.Actor(kClerk, BeginHow::kStarted, {.parent = kMain, .hot = hot});
  b.Name(NameTarget::kActor, kClerk, "clerk");
  b.Actor(kAuditor, BeginHow::kStarted, {.parent = kMain, .hot = hot});
  b.Name(NameTarget::kActor, kAuditor, "auditor");
  return b;
}

inline Log& Closed(Log& b) {
  b.Advance(kMs).End(kClerk, 5 * kMs, 3, 1).End(kAuditor, 5 * kMs, 2, 0);
  b.Join(kMain, kClerk).Join(kMain, kAuditor);
  b.Exit(kMain, 12 * kMs, 5, 1);
  return b;
}

inline Log& Nested(Log& b, uint32_t actor, uint32_t outer, uint32_t outer_site,
                   uint32_t inner, uint32_t inner_site) {
  return b.Open(actor, outer, outer_site)
      .SectionThenClose(actor, inner, inner_site);
}

// The clerk takes cash, then books; the auditor the other way round.
inline Log Abba() {
  Log b = Opened();
  Nested(b, kClerk, kCash, kPayIn, kBooks, kPayOut);
  Nested(b, kAuditor, kBooks, kAudit, kCash, kCheckBooks);
  return Closed(b);
}

inline Log OneOrder() {
  Log b = Opened();
  Nested(b, kClerk, kCash, kPayIn, kBooks, kPayOut);
  Nested(b, kAuditor, kCash, kAudit, kBooks, kCheckBooks);
  return Closed(b);
}

// As Abba(), but both hold the vault meanwhile.
inline Log Gated() {
  Log b = Opened();
  b.Open(kClerk, kVault, kEnterVault);
  Nested(b, kClerk, kCash, kPayIn, kBooks, kPayOut).Close(kClerk);
  b.Open(kAuditor, kVault, kEnterVault);
  Nested(b, kAuditor, kBooks, kAudit, kCash, kCheckBooks).Close(kAuditor);
  return Closed(b);
}

// As Abba(), and this time it happened: both wait for ever.
inline Log Hanging() {
  Log b = Opened(/*hot=*/true);
  b.Advance(kMs);
  b.Open(kClerk, kCash, kPayIn).Open(kAuditor, kBooks, kAudit);
  b.Block(kClerk, kBooks, kPayOut, kAuditor, kAudit).Advance(kMs);
  b.Block(kAuditor, kCash, kCheckBooks, kClerk, kPayIn).Advance(2000 * kMs);
  b.JoinBlock(kMain, kClerk, kEnterVault);
  return b;
}

// The auditor waits 30 ms for the cash, which the clerk holds.
inline Log Contended() {
  Log b = Opened();
  b.Note(kClerk, lockcheck::log::NoteKind::kSampleInterval, 16);
  b.At(1 * kMs).Open(kClerk, kCash, kPayIn, {.start = 1 * kMs});
  b.At(2 * kMs).Block(kAuditor, kCash, kAudit, kClerk, kPayIn);
  b.At(32 * kMs).Close(kClerk, 0, {.end = 32 * kMs});
  b.Unblock(kAuditor);
  b.Section(kAuditor, kCash, kAudit, {.handover = 1});
  return Closed(b);
}

}  // namespace bank

#endif  // LOCKCHECK_TESTS_TOOLS_BANK_LOG_H_
