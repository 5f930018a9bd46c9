#include "instrument/runtime/known_files.h"

#include <errno.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <iterator>

#include "instrument/runtime/message.h"
#include "instrument/runtime/options.h"
#include "instrument/runtime/process.h"

namespace lockcheck::runtime {
namespace {

struct KnownFile {
  const char* key;     // of the option
  const char* option;  // of the command
  char path[kMaxPath];
};
KnownFile g_files[] = {{"suppressions", "--suppressions", ""},
                       {"baseline", "--baseline", ""}};
std::atomic<bool> g_dropped{false};

// 0, or errno.
int MakeAbsolute(const char* path, char (&whole)[kMaxPath]) {
  size_t n;
  if (const int error = BeginAbsolute(path, whole, &n)) return error;
  if (n + strlen(path) >= kMaxPath) return ENAMETOOLONG;
  strcpy(whole + n, path);
  return access(whole, R_OK) == 0 ? 0 : errno;
}

}  // namespace

void SetKnownFiles() {
  const char* const given[] = {g_options.suppressions, g_options.baseline};
  for (size_t i = 0; i < std::size(g_files); ++i) {
    KnownFile& file = g_files[i];
    if (given[i][0] == 0) continue;
    const int error = MakeAbsolute(given[i], file.path);
    if (error == 0) continue;
    file.path[0] = 0;
    Message() << "LOCKCHECK_OPTIONS: " << file.key << "=" << given[i]
              << " cannot be read: " << strerrordesc_np(error);
  }
}

size_t AddKnownFiles(const char** arguments) {
  size_t n = 0;
  for (const KnownFile& file : g_files) {
    if (file.path[0] == 0 || g_dropped.load()) continue;
    arguments[n++] = file.option;
    arguments[n++] = file.path;
  }
  return n;
}

bool HasKnownFiles() {
  const char* arguments[kMostKnownWords];
  return AddKnownFiles(arguments) != 0;
}

void DropKnownFiles() { g_dropped.store(true); }

}  // namespace lockcheck::runtime
