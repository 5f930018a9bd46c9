#include "tools/lockcheck/progress.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <system_error>

#include "fmt/format.h"
#include "lib/report/layout.h"
#include "lib/report/sites.h"

namespace lockcheck::tools {
namespace {

constexpr size_t kBarWidth = 30;
constexpr char kEraseLine[] = "\r\033[K";

bool CanErase(int fd) {
  const char* term = std::getenv("TERM");
  return ::isatty(fd) == 1 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

// A line as wide as the terminal would go on in the next one, and could not be
// erased.
size_t RoomFor(int fd) {
  winsize size{};
  const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? std::max<size_t>(size.ws_col, 8) - 1 : 79;
}

// Nothing depends on it, so what cannot be written is left out.
void Write(int fd, std::string_view text) {
  [[maybe_unused]] const ssize_t n = ::write(fd, text.data(), text.size());
}

}  // namespace

Progress::Progress(const std::string& label, const ProgressOptions& options)
    : label_(report::Printable(label)),
      options_(options),
      start_(std::chrono::steady_clock::now()) {
  if (!CanErase(options_.fd)) return;
  try {
    drawing_ = std::thread([this] {
      try {
        Draw();
      } catch (const std::bad_alloc&) {  // then no further
      }
    });
  } catch (const std::system_error&) {  // then without a bar
  }
}

Progress::~Progress() {
  if (!drawing_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  over_changed_.notify_one();
  drawing_.join();
  if (!drawn_.empty()) Write(options_.fd, kEraseLine);
}

void Progress::Stage(const char* what) {
  fraction_ = kUnknown;
  stage_ = what;
}

void Progress::Draw() {
  std::unique_lock lock(mutex_);
  auto pause = options_.after;
  while (!over_changed_.wait_for(lock, pause, [this] { return over_; })) {
    pause = options_.every;
    std::string line = report::Shorten(Line(), RoomFor(options_.fd));
    if (line == drawn_) continue;
    drawn_ = std::move(line);
    Write(options_.fd, kEraseLine + drawn_);
  }
}

std::string Progress::Line() const {
  const double fraction = fraction_;
  if (fraction < 0) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::steady_clock::now() - start_);
    return fmt::format("{} {}, {} s", stage_.load(), label_, seconds.count());
  }
  const auto percent =
      static_cast<size_t>(std::lround(std::min(fraction, 1.0) * 100));
  return fmt::format("[{:<{}}] {:3}%  {} {}",
                     std::string(percent * kBarWidth / 100, '#'), kBarWidth,
                     percent, stage_.load(), label_);
}

}  // namespace lockcheck::tools
