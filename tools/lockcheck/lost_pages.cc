#include "tools/lockcheck/lost_pages.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace lockcheck::tools {
namespace {

std::atomic<bool> g_lost{false};
uintptr_t g_page_bytes = 0;

// Whatever cannot be mended here happens again when the handler has returned,
// and ends the program then.
void OnBusError(int, siginfo_t* info, void*) {
  const uintptr_t page =
      reinterpret_cast<uintptr_t>(info->si_addr) & ~(g_page_bytes - 1);
  if (info->si_code != BUS_ADRERR ||
      mmap(reinterpret_cast<void*>(page), g_page_bytes, PROT_READ,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
    signal(SIGBUS, SIG_DFL);
    return;
  }
  g_lost.store(true, std::memory_order_relaxed);
}

}  // namespace

void SurviveLostPages() {
  g_page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = &OnBusError;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

bool PagesWereLost() { return g_lost.load(std::memory_order_relaxed); }

}  // namespace lockcheck::tools
