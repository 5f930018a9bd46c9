// lockcheck import TRACE -o LOG: a trace in the STD text format as a log.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lib/log/std_import.h"
#include "tools/lockcheck/commands.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/output.h"
#include "tools/lockcheck/progress.h"

namespace lockcheck::tools {
namespace {

constexpr size_t kPiece = size_t{1} << 20;

absl::Status Failed(const std::string& what, const std::string& path, int error,
                    const char* mend) {
  return absl::UnknownError(absl::StrCat(
      path, ": cannot ", what, " it: ", std::strerror(error), "; ", mend));
}

// A file that gets its name when it is whole. What has the name is a regular
// file, or nothing.
class NewFile {
 public:
  explicit NewFile(const std::string& path)
      : path_(path), fresh_(absl::StrCat(path, ".", ::getpid(), ".new")) {}
  ~NewFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(fresh_.c_str());
  }

  absl::Status Open(const struct stat& input) {
    struct stat old {};
    if (::stat(path_.c_str(), &old) == 0) {
      if (old.st_dev == input.st_dev && old.st_ino == input.st_ino) {
        return absl::InvalidArgumentError(absl::StrCat(
            path_, ": it is the trace; give -o another name for the log"));
      }
      if (!S_ISREG(old.st_mode)) {
        return absl::InvalidArgumentError(absl::StrCat(
            path_, ": it is no regular file; give -o the name of one"));
      }
    }
    fd_ =
        ::open(fresh_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return fd_ < 0 ? CannotWrite(errno) : absl::OkStatus();
  }
  absl::Status Write(uint64_t at, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n =
          ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return CannotWrite(n < 0 ? errno : ENOSPC);
      at += static_cast<uint64_t>(n);
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return absl::OkStatus();
  }
  absl::Status Name() {
    if (::rename(fresh_.c_str(), path_.c_str()) != 0) {
      return CannotWrite(errno);
    }
    ::close(fd_);
    fd_ = -1;
    return absl::OkStatus();
  }

 private:
  absl::Status CannotWrite(int error) const {
    return Failed("write", path_, error, "give -o another place");
  }

  const std::string path_, fresh_;
  int fd_ = -1;
};

absl::Status Import(const Options& options) {
  const bool standard = options.logs[0] == "-";
  const std::string name = standard ? "standard input" : options.logs[0];
  const char* const mend = "give the name of a trace";
  const int fd =
      standard ? STDIN_FILENO : ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat input {};
  if (fd < 0 || ::fstat(fd, &input) != 0) {
    return Failed("read", name, errno, mend);
  }
  const auto close_input = absl::MakeCleanup([&] {
    if (!standard) ::close(fd);
  });
  NewFile file(options.output);
  if (absl::Status opened = file.Open(input); !opened.ok()) return opened;
  Progress progress(name);
  log::StdImport import(name, [&](uint64_t at, std::string_view bytes) {
    return file.Write(at, bytes);
  });
  std::string piece(kPiece, '\0');
  uint64_t done = 0;
  while (true) {
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("read", name, errno, mend);
    if (n == 0) break;
    const std::string_view bytes(piece.data(), static_cast<size_t>(n));
    if (absl::Status added = import.Add(bytes); !added.ok()) return added;
    done += bytes.size();
    if (input.st_size > 0) {
      progress.Show(static_cast<double>(done) /
                    static_cast<double>(input.st_size));
    }
  }
  absl::Status status = import.Finish();
  if (status.ok()) status = file.Name();
  if (status.ok()) {
    for (const std::string& note : import.notes()) Complain(note);
  }
  return status;
}

}  // namespace

int RunImport(const Options& options) {
  if (options.output.empty() || options.output == "-") {
    Complain("a log is written to a file: give -o its name");
    return kExitUsage;
  }
  const absl::Status status = Import(options);
  if (status.ok()) return kExitOk;
  Complain(std::string(status.message()));
  return kExitFile;
}

}  // namespace lockcheck::tools
