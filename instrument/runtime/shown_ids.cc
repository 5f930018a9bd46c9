#include "instrument/runtime/shown_ids.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "instrument/runtime/pages.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

constexpr size_t kMostBytes = 16 << 20;
constexpr size_t kIdBytes = 12;
constexpr char kHappened[] = "  # happened\n";
constexpr char kSuppressed[] = "  # suppressed\n";

// At most so much is added to a text of that size.
size_t HappenedBytes(size_t size) {
  return size / (kIdBytes + 1) * sizeof(kHappened);
}

// Calls visit(line, its size with the end of line).
template <typename Visit>
void ForEachLine(const char* text, size_t size, Visit visit) {
  while (const void* const end = memchr(text, '\n', size)) {
    const auto line =
        static_cast<size_t>(static_cast<const char*>(end) + 1 - text);
    if (line > kIdBytes) visit(text, line);
    text += line;
    size -= line;
  }
}

template <size_t kBytes>
bool Contains(const char* text, size_t size, const char (&words)[kBytes]) {
  return std::search(text, text + size, words, words + kBytes - 1) !=
         text + size;
}

char* CopyAsHappened(const char* fresh, size_t size, char* to) {
  ForEachLine(fresh, size, [&](const char* line, size_t) {
    to = std::copy(line, line + kIdBytes, to);
    to = std::copy(kHappened, kHappened + sizeof(kHappened) - 1, to);
  });
  return to;
}

}  // namespace

struct ShownIds::Text {
  size_t mapped;
  size_t size;
  char bytes[];
};

MemoryFile* ShownIds::Open(bool empty) {
  if (g_fork_page->reports.showing.exchange(true)) return nullptr;
  const int fd = memfd_create("lockcheck-known", MFD_CLOEXEC);
  if (file_.Own(fd) && (empty || text_ == nullptr ||
                        write(file_.fd(), text_->bytes, text_->size) ==
                            static_cast<ssize_t>(text_->size))) {
    pages_ = mmap(nullptr, kMostBytes, PROT_READ, MAP_SHARED, file_.fd(), 0);
    if (pages_ != MAP_FAILED) return &file_;
  }
  file_.Close();
  g_fork_page->reports.showing.store(false);
  return nullptr;
}

ShownIds::Fresh ShownIds::TakeAndClose() {
  const Fresh before = CountLines();
  if (const size_t size = Size(); size != 0) {
    if (Text* const text = NewText(size)) {
      memcpy(text->bytes, pages_, size);
      Replace(text, size);
    }
  }
  Close();
  const Fresh now = CountLines();
  return {now.shown - before.shown, now.suppressed - before.suppressed};
}

ShownIds::Happened ShownIds::TakeHappenedAndClose() {
  Happened happened = {0, false};
  const size_t size = Size(), before = text_ == nullptr ? 0 : text_->size;
  if (size != 0) {
    const char* const fresh = static_cast<const char*>(pages_);
    happened.suppressed = Contains(fresh, size, kSuppressed);
    if (Text* const text = NewText(before + size + HappenedBytes(size))) {
      char* end = CopyOthers(fresh, size, text->bytes, &happened.could);
      end = CopyAsHappened(fresh, size, end);
      Replace(text, static_cast<size_t>(end - text->bytes));
    }
  }
  Close();
  return happened;
}

// The file ends within a page, or with one: what lies beyond that cannot be
// read.
size_t ShownIds::Size() const {
  const auto* const bytes = static_cast<const char*>(pages_);
  char page[4096];
  size_t size = 0;
  for (; size < kMostBytes; size += sizeof(page)) {
    if (!ReadMemory(bytes + size, page, sizeof(page))) break;
    if (memchr(page, 0, sizeof(page)) == nullptr) continue;
    return size + strnlen(page, sizeof(page));
  }
  return size;
}

ShownIds::Text* ShownIds::NewText(size_t most) {
  const size_t bytes = sizeof(Text) + most;
  auto* const text = static_cast<Text*>(MapPages(bytes));
  if (text != nullptr) text->mapped = bytes;
  return text;
}

// Another thread may fork meanwhile: at every moment `text_` is whole.
void ShownIds::Replace(Text* text, size_t size) {
  text->size = size;
  Text* const old = text_;
  __atomic_store_n(&text_, text, __ATOMIC_RELEASE);
  if (old != nullptr) UnmapPages(old, old->mapped);
}

void ShownIds::Close() {
  munmap(pages_, kMostBytes);
  g_fork_page->reports.showing.store(false);
}

// Those lines that are not in `fresh`.
char* ShownIds::CopyOthers(const char* fresh, size_t size, char* to,
                           uint32_t* could) const {
  if (text_ == nullptr) return to;
  ForEachLine(text_->bytes, text_->size, [&](const char* line, size_t n) {
    const bool others =
        std::search(fresh, fresh + size, line, line + kIdBytes) == fresh + size;
    if (others) to = std::copy(line, line + n, to);
    *could += !others && !Contains(line, n, kHappened) &&
              !Contains(line, n, kSuppressed);
  });
  return to;
}

ShownIds::Fresh ShownIds::CountLines() const {
  Fresh lines = {0, 0};
  if (text_ == nullptr) return lines;
  ForEachLine(text_->bytes, text_->size, [&](const char* line, size_t n) {
    ++(Contains(line, n, kSuppressed) ? lines.suppressed : lines.shown);
  });
  return lines;
}

}  // namespace lockcheck::runtime
