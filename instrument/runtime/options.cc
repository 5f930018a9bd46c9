#include "instrument/runtime/options.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "instrument/runtime/message.h"

namespace lockcheck::runtime {
namespace {

struct Text {
  const char* data;
  size_t size;
  bool operator==(const char* other) const {
    return strlen(other) == size && memcmp(data, other, size) == 0;
  }
};

// Insertions, deletions, changes and swaps of neighbours between two names of a
// few letters (optimal string alignment).
size_t Distance(Text a, Text b) {
  constexpr size_t kLongest = 31;
  if (a.size > kLongest || b.size > kLongest) return SIZE_MAX / 2;
  size_t rows[3][kLongest + 1];
  for (size_t j = 0; j <= b.size; ++j) rows[0][j] = j;
  for (size_t i = 1; i <= a.size; ++i) {
    size_t* const row = rows[i % 3];
    const size_t* const above = rows[(i + 2) % 3];
    row[0] = i;
    for (size_t j = 1; j <= b.size; ++j) {
      const bool same = a.data[i - 1] == b.data[j - 1];
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + !same});
      if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
          a.data[i - 2] == b.data[j - 1]) {
        row[j] = std::min(row[j], rows[(i + 1) % 3][j - 2] + 1);
      }
    }
  }
  return rows[a.size % 3][b.size];
}

// Finds the name that was probably meant. More than half of the letters wrong
// is another word: "on" does not mean "off".
class Nearest {
 public:
  explicit Nearest(Text given) : given_(given) {}
  void Offer(Text name) {
    const size_t distance = Distance(given_, name);
    if (distance >= best_ || 2 * distance > std::min(given_.size, name.size)) {
      return;
    }
    best_ = distance;
    name_ = name;
  }
  bool found() const { return best_ != SIZE_MAX; }
  Text name() const { return name_; }

 private:
  Text given_;
  Text name_{"", 0};
  size_t best_ = SIZE_MAX;
};

// So that the end of the line is still seen.
void Quote(Message& m, Text given) {
  constexpr size_t kEnough = 200;
  m.Bytes(given.data, std::min(given.size, kEnough));
  if (given.size > kEnough) m << "...";
}

void Suggest(Message& m, Text name) {
  m << "; did you mean \"";
  m.Bytes(name.data, name.size) << "\"?";
}

void WarnUnknown(Text key) {
  Nearest nearest(key);
  for (const OptionRow& row : kOptionRows) {
    nearest.Offer({row.key, strlen(row.key)});
  }
  Message m;
  m << "LOCKCHECK_OPTIONS: unknown key \"";
  Quote(m, key);
  m << "\" is ignored";
  if (nearest.found()) {
    Suggest(m, nearest.name());
  } else {
    m << "; help=1 lists the keys";
  }
}

void WarnValue(const OptionRow& row, Text value) {
  Message m;
  m << "LOCKCHECK_OPTIONS: " << row.key << "=";
  Quote(m, value);
  m << " is ignored; it takes " << row.values;
  // PATH and SIZE are no names.
  if (strchr(row.values, '|') == nullptr) return;
  Nearest nearest(value);
  for (const char* name = row.values; *name != 0;) {
    const size_t size = strcspn(name, "|");
    nearest.Offer({name, size});
    name += size + (name[size] == '|');
  }
  if (nearest.found()) Suggest(m, nearest.name());
}

bool ParseSize(Text value, uint64_t& bytes) {
  uint64_t number = 0;
  size_t i = 0;
  for (; i < value.size && value.data[i] >= '0' && value.data[i] <= '9'; ++i) {
    if (number > UINT64_MAX / 16) return false;
    number = number * 10 + static_cast<uint64_t>(value.data[i] - '0');
  }
  if (i == 0) return false;
  uint64_t unit = 1;
  if (i < value.size) {
    switch (value.data[i++] | 0x20) {
      case 'k':
        unit = uint64_t{1} << 10;
        break;
      case 'm':
        unit = uint64_t{1} << 20;
        break;
      case 'g':
        unit = uint64_t{1} << 30;
        break;
      default:
        return false;
    }
  }
  if (i != value.size || number == 0 || number > UINT64_MAX / 2 / unit) {
    return false;
  }
  bytes = number * unit;
  return true;
}

void PrintHelp() {
  Message() << "LOCKCHECK_OPTIONS=\"key=value:key=value\"";
  for (const OptionRow& row : kOptionRows) {
    Message() << "  " << row.key << "=" << row.values << "  " << row.meaning;
  }
}

bool ParsePath(Text value, char (&path)[kMaxPath]) {
  if (value.size == 0 || value.size >= kMaxPath) return false;
  size_t out = 0;
  for (size_t i = 0; i < value.size; ++i) {
    if (value.data[i] == '\\' && i + 1 < value.size) ++i;
    path[out++] = value.data[i];
  }
  path[out] = 0;
  return true;
}

// From 1 to `most`.
bool ParseNumber(Text value, uint32_t most, uint32_t& parsed) {
  uint32_t number = 0;
  for (size_t i = 0; i < value.size; ++i) {
    if (value.data[i] < '0' || value.data[i] > '9') return false;
    number = number * 10 + static_cast<uint32_t>(value.data[i] - '0');
    if (number > most) return false;
  }
  if (number == 0) return false;
  parsed = number;
  return true;
}

template <typename T>
struct Choice {
  const char* name;
  T value;
};
template <typename T>
bool Choose(Text given, std::initializer_list<Choice<T>> choices, T& chosen) {
  for (const Choice<T>& choice : choices) {
    if (!(given == choice.name)) continue;
    chosen = choice.value;
    return true;
  }
  return false;
}

bool SetOption(const OptionRow& row, Text value, Options& o) {
  const Text key{row.key, strlen(row.key)};
  if (key == "log") return ParsePath(value, o.log);
  if (key == "command") return ParsePath(value, o.command);
  if (key == "suppressions") return ParsePath(value, o.suppressions);
  if (key == "baseline") return ParsePath(value, o.baseline);
  if (key == "steer") return ParsePath(value, o.steer);
  if (key == "stall") return ParseNumber(value, 86'400, o.stall);
  if (key == "quiescence") {
    if (Choose<uint32_t>(value, {{"off", 0}}, o.quiescence)) return true;
    return ParseNumber(value, 60'000, o.quiescence);
  }
  if (key == "long_run") {
    if (Choose<uint32_t>(value, {{"off", 0}}, o.long_run)) return true;
    return ParseNumber(value, 60'000, o.long_run);
  }
  if (key == "exitcode") return ParseNumber(value, 255, o.exit_code);
  if (key == "on_deadlock") {
    return Choose(value,
                  {{"report", OnDeadlock::kReport},
                   {"abort", OnDeadlock::kAbort},
                   {"throw", OnDeadlock::kThrow}},
                  o.on_deadlock);
  }
  if (key == "mode") {
    return Choose(value,
                  {{"record", RunModeOption::kRecord},
                   {"off", RunModeOption::kOff},
                   {"live", RunModeOption::kLive}},
                  o.mode);
  }
  if (key == "timing") {
    return Choose(value,
                  {{"sampled", Timing::kSampled},
                   {"full", Timing::kFull},
                   {"off", Timing::kOff}},
                  o.timing);
  }
  if (key == "max_log") return ParseSize(value, o.max_log);
  if (key == "ring") return ParseSize(value, o.ring);
  if (key == "hot") {
    return Choose(value, {{"memory", true}, {"file", false}}, o.volatile_hot);
  }
  if (value == "1") PrintHelp();
  return value == "0" || value == "1";
}

void ParseOne(Text item, Options& options) {
  if (item.size == 0) return;
  const auto* equals =
      static_cast<const char*>(memchr(item.data, '=', item.size));
  const Text key{item.data, equals == nullptr
                                ? item.size
                                : static_cast<size_t>(equals - item.data)};
  const Text value = equals == nullptr
                         ? Text{"", 0}
                         : Text{equals + 1, item.size - key.size - 1};
  for (const OptionRow& row : kOptionRows) {
    if (key == row.key) {
      if (!SetOption(row, value, options)) WarnValue(row, value);
      return;
    }
  }
  if (key.size == 0) {
    Message m;
    m << "LOCKCHECK_OPTIONS: \"";
    Quote(m, item);
    m << "\" is ignored: there is no key before the =";
  } else {
    WarnUnknown(key);
  }
}

}  // namespace

void ParseOptions(const char* text, Options& options) {
  const char* start = text;
  for (const char* p = text;; ++p) {
    if (*p == '\\' && p[1] != 0) {
      ++p;
    } else if (*p == ':' || *p == 0) {
      ParseOne({start, static_cast<size_t>(p - start)}, options);
      start = p + 1;
    }
    if (*p == 0) break;
  }
}

int BeginAbsolute(const char* given, char (&path)[kMaxPath], size_t* size) {
  *size = 0;
  if (given[0] == '/') return 0;
  if (getcwd(path, kMaxPath - 1) == nullptr) {
    return errno == ERANGE ? ENAMETOOLONG : errno;
  }
  *size = strlen(path);
  path[(*size)++] = '/';
  return *size < kMaxPath ? 0 : ENAMETOOLONG;
}

int ExpandLogPath(const char* pattern, char (&path)[kMaxPath]) {
  size_t n;
  const auto add = [&](const char* text) {
    while (*text != 0 && n + 1 < kMaxPath) path[n++] = *text++;
    return *text == 0;
  };
  if (const int error = BeginAbsolute(pattern, path, &n)) return error;
  for (const char* p = pattern; *p != 0; ++p) {
    char text[kMaxPath] = {*p, 0};
    if (*p == '%') {
      switch (*++p) {
        case 'p': {
          char digits[12];
          size_t at = sizeof(digits);
          digits[--at] = 0;
          for (auto pid = static_cast<unsigned>(getpid()); pid != 0;
               pid /= 10) {
            digits[--at] = static_cast<char>('0' + pid % 10);
          }
          strcpy(text, digits + at);
          break;
        }
        case 'e': {
          const ssize_t size = readlink("/proc/self/exe", text, kMaxPath - 1);
          text[size < 0 ? 0 : size] = 0;
          if (const char* slash = strrchr(text, '/')) {
            memmove(text, slash + 1, strlen(slash + 1) + 1);
          }
          break;
        }
        case 'h':
          if (gethostname(text, 256) != 0) strcpy(text, "host");
          text[256] = 0;
          break;
        case '%':
          break;
        default:
          Message() << "LOCKCHECK_OPTIONS: log=" << pattern
                    << ": % is followed by none of p, e, h, %";
          --p;
          break;
      }
    }
    if (!add(text)) return ENAMETOOLONG;
  }
  path[n] = 0;
  return 0;
}

}  // namespace lockcheck::runtime
