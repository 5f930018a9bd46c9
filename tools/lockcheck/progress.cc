#include "tools/lockcheck/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace lockcheck::tools {
namespace {
constexpr int kBarWidth = 30;
}  // namespace

Progress::Progress(std::string label)
    : label_(std::move(label)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (shown_percent_ >= 0) std::fputs("\r\033[K", stderr);
}

void Progress::Show(double fraction) {
  if (!terminal_) return;
  if (std::chrono::steady_clock::now() - start_ < std::chrono::seconds(1)) {
    return;
  }
  const int percent =
      static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 100 + 0.5);
  if (percent == shown_percent_) return;
  shown_percent_ = percent;
  const std::string bar(static_cast<size_t>(percent * kBarWidth / 100), '#');
  std::fprintf(stderr, "\r\033[K[%-*s] %3d%%  %s", kBarWidth, bar.c_str(),
               percent, label_.c_str());
  std::fflush(stderr);
}

}  // namespace lockcheck::tools
