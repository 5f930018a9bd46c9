#include "tools/check/block_in_child.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>
#include <thread>

#include "lockcheck/internal/observe.h"

namespace lockcheck::testing {
namespace {

using std::chrono::steady_clock;

enum class Event : uint32_t {
  kFailed,
  kReturned,
  kThrew,
  kLockedUp,
  kWaitsForParent
};

// A note in the file, followed by a file's name and a text.
struct NoteHeader {
  Event event;
  int32_t line;
  uint32_t file_size, text_size;
};

int g_notes = -1;  // of the child

// Allocates nothing: a deadlock may be about memory.
void Note(Event event, std::string_view text = {}, std::string_view file = {},
          int line = 0) {
  NoteHeader header = {event, line, static_cast<uint32_t>(file.size()),
                       static_cast<uint32_t>(text.size())};
  const iovec parts[] = {{&header, sizeof(header)},
                         {const_cast<char*>(file.data()), file.size()},
                         {const_cast<char*>(text.data()), text.size()}};
  if (writev(g_notes, parts, 3) < 0) _exit(127);
}

// What fails in the child is to be told by the parent.
class NoteFailures : public ::testing::EmptyTestEventListener {
  void OnTestPartResult(const ::testing::TestPartResult& part) override {
    if (!part.failed()) return;
    const char* const file = part.file_name();
    Note(Event::kFailed, part.message(), file == nullptr ? "" : file,
         part.line_number());
  }
};

bool EndLockedUp(internal::LockUp, const void* deadlock) {
  Note(internal::IsOwnerInParent(deadlock) ? Event::kWaitsForParent
                                           : Event::kLockedUp);
  _exit(0);
}

[[noreturn]] void RunAsChild(const std::function<void()>& block) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new NoteFailures);
  internal::SetDeadlockHook(&EndLockedUp);
  try {
    block();
    Note(Event::kReturned);
  } catch (const std::exception& e) {
    Note(Event::kThrew, e.what());
  } catch (...) {
    Note(Event::kThrew, "what is no std::exception");
  }
  std::fflush(nullptr);
  _exit(0);
}

// False: it had to be killed.
bool Await(pid_t child, std::chrono::milliseconds limit, int& status) {
  const auto end = steady_clock::now() + limit;
  while (true) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    // With SIGCHLD ignored there is no status, and nothing to wait for.
    if (ended == child || (ended < 0 && errno != EINTR)) return true;
    if (steady_clock::now() >= end) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  kill(child, SIGKILL);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return false;
}

std::string HowItDied(int status) {
  if (WIFSIGNALED(status)) {
    return std::string("a signal killed it: ") + strsignal(WTERMSIG(status));
  }
  return "it ended its process with status " +
         std::to_string(WEXITSTATUS(status));
}

std::string ReadAll(int fd) {
  struct stat info = {};
  if (fstat(fd, &info) != 0) return "";
  std::string all(static_cast<size_t>(info.st_size), 0);
  const ssize_t n = pread(fd, all.data(), all.size(), 0);
  all.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return all;
}

// True: the note says how the block ended.
bool Take(const NoteHeader& note, std::string file, std::string text,
          BlockEnd& end) {
  switch (note.event) {
    case Event::kFailed:
      end.failures.push_back({std::move(file), std::move(text), note.line});
      return false;
    case Event::kReturned:
      end.how = "the block came to its end";
      break;
    case Event::kThrew:
      end.how = "the block threw: " + text;
      break;
    case Event::kLockedUp:
      end.locked_up = true;
      break;
    case Event::kWaitsForParent:
      end.how =
          "the block waits for a lock that another thread of the test held "
          "when it began, and its process has no other thread of the test";
      break;
  }
  return true;
}

// False: the notes do not say how the block ended.
bool TakeNotes(std::string_view notes, BlockEnd& end) {
  while (notes.size() >= sizeof(NoteHeader)) {
    NoteHeader note;
    std::memcpy(&note, notes.data(), sizeof(note));
    notes.remove_prefix(sizeof(note));
    if (notes.size() < size_t{note.file_size} + note.text_size) return false;
    const auto take = [&](size_t size) {
      std::string part(notes.substr(0, size));
      notes.remove_prefix(size);
      return part;
    };
    std::string file = take(note.file_size), text = take(note.text_size);
    if (Take(note, std::move(file), std::move(text), end)) return true;
  }
  return false;
}

}  // namespace

BlockEnd RunInChild(const std::function<void()>& block,
                    std::chrono::milliseconds limit) {
  BlockEnd end;
  const int notes = memfd_create("lockcheck block", MFD_CLOEXEC);
  std::fflush(nullptr);
  const pid_t child = notes < 0 ? -1 : fork();
  if (child < 0) {
    end.how = std::string("there is no process for it: ") + strerror(errno);
    if (notes >= 0) close(notes);
    return end;
  }
  if (child == 0) {
    g_notes = notes;
    RunAsChild(block);
  }
  int status = 0;
  const bool ended = Await(child, limit, status);
  if (!TakeNotes(ReadAll(notes), end)) {
    end.how = ended ? HowItDied(status)
                    : "it did not end within " + std::to_string(limit.count()) +
                          " ms";
  }
  close(notes);
  return end;
}

}  // namespace lockcheck::testing
