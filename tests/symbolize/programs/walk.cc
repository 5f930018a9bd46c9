// Says where it is: prints addresses of its own code together with the chain of
// functions and lines that a symbolizer must find there, innermost first.
//
//   chain OFFSET IS_RETURN function:line|function:line...
//   user OFFSET RETURN_OFFSET function:line
//
// Offsets are relative to the load bias. Names are patterns: compilers do not
// agree on how to call a lambda.
#include <link.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>

namespace {

uintptr_t Bias() {
  uintptr_t bias = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uintptr_t*>(out) = info->dlpi_addr;
        return 1;  // the program comes first
      },
      &bias);
  return bias;
}

[[gnu::noinline]] void Chain(uintptr_t address, bool is_return,
                             const std::string& expected) {
  std::printf("chain %" PRIxPTR " %d %s\n", address - Bias(), is_return,
              expected.c_str());
}

std::string At(const char* function, int line) {
  return std::string(function) + ":" + std::to_string(line);
}

}  // namespace

// The line of the instruction is part of what is checked.
// clang-format off
constexpr int kHereLine = __LINE__ + 3;
[[gnu::always_inline]] inline uintptr_t Here() {
  uintptr_t here;
  asm volatile("lea 0(%%rip), %0" : "=r"(here));
  return here;  // the address behind the instruction, as of a call
}
[[gnu::noinline]] uintptr_t Caller() { asm volatile(""); return reinterpret_cast<uintptr_t>(__builtin_return_address(0)); }

namespace bank {

std::string ChainHere(const std::string& outer) { return At("Here", kHereLine) + "|" + outer; }

[[gnu::noinline]] void Plain() {
  const uintptr_t here = Here(); const int line = __LINE__;
  Chain(here, true, ChainHere(At("bank::Plain", line)));
}

[[gnu::always_inline]] inline uintptr_t Middle(int* line) {
  const uintptr_t here = Here(); *line = __LINE__;
  return here;
}

[[gnu::noinline]] void Inlined() {
  int middle = 0;
  const uintptr_t here = Middle(&middle); const int line = __LINE__;
  Chain(here, true, ChainHere(At("bank::Middle", middle) + "|" + At("bank::Inlined", line)));
}

[[gnu::always_inline]] inline uintptr_t MiddleCall(int* line) {
  const uintptr_t caller = Caller(); *line = __LINE__;
  return caller;
}

[[gnu::noinline]] void ReturnAddress() {
  int middle = 0;
  const uintptr_t caller = MiddleCall(&middle); const int line = __LINE__;
  Chain(caller, true, At("bank::MiddleCall", middle) + "|" + At("bank::ReturnAddress", line));
}

template <typename T>
class Account {
 public:
  [[gnu::noinline]] Account() {
    const uintptr_t here = Here(); const int line = __LINE__;
    Chain(here, true, ChainHere(At("bank::Account<int>::Account", line)));
  }
  [[gnu::noinline]] void operator+=(T) {
    const uintptr_t here = Here(); const int line = __LINE__;
    Chain(here, true, ChainHere(At("bank::Account<int>::operator+=", line)));
  }
  template <typename U>
  [[gnu::noinline]] U Convert() const {
    const uintptr_t here = Here(); const int line = __LINE__;
    Chain(here, true, ChainHere(At("bank::Account<int>::Convert<long>", line)));
    return U();
  }
};

namespace {
[[gnu::noinline]] void Hidden() {
  const uintptr_t here = Here(); const int line = __LINE__;
  Chain(here, true, ChainHere(At("bank::(anonymous namespace)::Hidden", line)));
}
}  // namespace

[[gnu::noinline]] void Lambda() {
  const auto lambda = [](const char* name) __attribute__((noinline)) {
    const uintptr_t here = Here(); const int line = __LINE__;
    Chain(here, true, ChainHere(At(name, line)));
  };
  lambda("bank::Lambda::*::operator()");
}

// A lock whose lock() is inlined into whatever guard calls it, as ours are.
struct Probe {
  [[gnu::always_inline]] inline void lock() {
    here = Here();
    caller = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  }
  void unlock() {}
  uintptr_t here = 0, caller = 0;
};

}  // namespace bank

namespace lockcheck::inline abi_7 {
struct probe : bank::Probe {
  [[gnu::always_inline]] inline void lock() { bank::Probe::lock(); }
};
}  // namespace lockcheck::inline abi_7

namespace bank {

[[gnu::noinline]] void User(const Probe& probe, int line, const char* function) {
  std::printf("user %" PRIxPTR " %" PRIxPTR " %s:%d\n", probe.here - Bias(), probe.caller - Bias(), function, line);
}

[[gnu::noinline]] void Guarded(lockcheck::probe* probe) {
  std::lock_guard<lockcheck::probe> guard(*probe); const int line = __LINE__;
  User(*probe, line, "bank::Guarded");
}

[[gnu::noinline]] void Unique(lockcheck::probe* probe) {
  std::unique_lock<lockcheck::probe> guard(*probe, std::defer_lock);
  asm volatile("" ::: "memory");
  guard.lock(); const int line = __LINE__;
  User(*probe, line, "bank::Unique");
}

}  // namespace bank
// clang-format on

int main() {
  bank::Plain();
  bank::Inlined();
  bank::ReturnAddress();
  bank::Account<int> account;
  account += 1;
  const long converted = account.Convert<long>();
  bank::Hidden();
  bank::Lambda();
  lockcheck::probe probe;
  bank::Guarded(&probe);
  bank::Unique(&probe);
  return static_cast<int>(converted);
}
