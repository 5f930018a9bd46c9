#include "tools/lockcheck/output.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "absl/strings/numbers.h"
#include "fmt/format.h"
#include "lib/report/sites.h"

namespace lockcheck::tools {
namespace {

// Until there is room: whoever shares a pipe or a terminal with us may have
// made it non-blocking. True unless waiting itself fails.
bool WaitForRoom(int fd) {
  pollfd wait{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&wait, 1, -1) >= 0 || errno == EINTR;
}

// 0, or the error number.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0) {
      if (errno == EINTR || (errno == EAGAIN && WaitForRoom(fd))) continue;
      return errno;
    }
    text.remove_prefix(static_cast<size_t>(n));
  }
  return 0;
}

absl::Status CannotWrite(const std::string& path, int error) {
  return absl::UnavailableError(
      fmt::format("{}: cannot write: {}", path, std::strerror(error)));
}

int WriteAndClose(int fd, std::string_view text) {
  const int error = WriteAll(fd, text);
  const int close_error = ::close(fd) == 0 ? 0 : errno;
  return error != 0 ? error : close_error;
}

// What a new file can take the place of: `path`, or the file that it links to.
// "" if there is no such name. `mode` is the old file's, if there is one.
std::string NameToReplace(const std::string& path,
                          std::optional<mode_t>& mode) {
  struct stat file {
  }, named{};
  if (::stat(path.c_str(), &file) != 0) {
    const bool is_link = ::lstat(path.c_str(), &named) == 0;
    return is_link ? "" : path;
  }
  if (!S_ISREG(file.st_mode)) return "";
  mode = file.st_mode & 07777;
  char* const real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return "";
  std::string name = real;
  std::free(real);
  const bool same = ::lstat(name.c_str(), &named) == 0 &&
                    named.st_dev == file.st_dev && named.st_ino == file.st_ino;
  return same ? name : "";
}

absl::Status WriteToStream(int fd, std::string_view text,
                           const std::string& name) {
  const int error = WriteAll(fd, text);
  if (error == 0 || error == EPIPE) return absl::OkStatus();
  return CannotWrite(name, error);
}

bool g_broken_pipes_were_ignored = false;

}  // namespace

void PrepareStandardStreams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is `fd`, since all below it are open.
    // What cannot be written must fail, so standard output gets no writable
    // one.
    if (::open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) < 0) return;
  }
  g_broken_pipes_were_ignored = ::signal(SIGPIPE, SIG_IGN) == SIG_IGN;
}

bool BrokenPipesWereIgnored() { return g_broken_pipes_were_ignored; }

absl::Status WriteToStandardOutput(std::string_view text) {
  return WriteToStream(STDOUT_FILENO, text, "standard output");
}

absl::Status WriteToStandardError(std::string_view text) {
  return WriteToStream(STDERR_FILENO, text, "standard error");
}

absl::Status WriteToFile(const std::string& path, std::string_view text) {
  if (path.empty() || path == "-") return WriteToStandardOutput(text);
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return CannotWrite(path, errno);
  const int error = WriteAndClose(fd, text);
  return error != 0 ? CannotWrite(path, error) : absl::OkStatus();
}

absl::Status ReplaceFile(const std::string& path, std::string_view text) {
  std::optional<mode_t> mode;
  const std::string name = NameToReplace(path, mode);
  if (name.empty()) return WriteToFile(path, text);
  const std::string fresh = fmt::format("{}.{}.new", name, ::getpid());
  const int fd =
      ::open(fresh.c_str(),
             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  // A folder that takes no new file may hold one that can be written.
  if (fd < 0) return WriteToFile(path, text);
  int error = mode && ::fchmod(fd, *mode) != 0 ? errno : 0;
  if (const int written = WriteAndClose(fd, text); error == 0) error = written;
  if (error == 0 && ::rename(fresh.c_str(), name.c_str()) != 0) error = errno;
  if (error == 0) return absl::OkStatus();
  ::unlink(fresh.c_str());
  return CannotWrite(path, error);
}

void Complain(std::string_view line) {
  const std::string text =
      fmt::format("lockcheck: {}\n", report::Printable(line));
  std::fwrite(text.data(), 1, text.size(), stderr);
}

bool UseColour(Colour colour, int fd) {
  if (colour != Colour::kAuto) return colour == Colour::kAlways;
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  if (term == nullptr || std::strcmp(term, "dumb") == 0) return false;
  return ::isatty(fd) == 1;
}

size_t OutputWidth(int fd) {
  if (::isatty(fd) != 1) return 0;
  uint32_t columns = 0;
  const char* const given = std::getenv("COLUMNS");
  if (given != nullptr && absl::SimpleAtoi(given, &columns) && columns > 0) {
    return columns;
  }
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace lockcheck::tools
