#include "instrument/runtime/options.h"

#include <errno.h>
#include <unistd.h>

#include <cstring>

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

// Levenshtein distance, for names of a few letters.
size_t Distance(Text a, const char* b) {
  const size_t m = strlen(b);
  size_t row[32];
  if (m >= 31 || a.size >= 64) return 99;
  for (size_t j = 0; j <= m; ++j) row[j] = j;
  for (size_t i = 1; i <= a.size; ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= m; ++j) {
      const size_t above = row[j];
      size_t best = diagonal + (a.data[i - 1] != b[j - 1]);
      if (above + 1 < best) best = above + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      diagonal = above;
      row[j] = best;
    }
  }
  return row[m];
}

void WarnUnknown(Text key) {
  const char* nearest = nullptr;
  size_t best = 4;
  for (const OptionRow& row : kOptionRows) {
    if (const size_t d = Distance(key, row.key); d < best) {
      best = d;
      nearest = row.key;
    }
  }
  Message m;
  m << "LOCKCHECK_OPTIONS: unknown key \"";
  m.Bytes(key.data, key.size) << "\" is ignored";
  if (nearest != nullptr) {
    m << "; did you mean \"" << nearest << "\"?";
  } else {
    m << "; help=1 lists the keys";
  }
}

void WarnValue(const OptionRow& row, Text value) {
  Message m;
  m << "LOCKCHECK_OPTIONS: " << row.key << "=";
  m.Bytes(value.data, value.size) << " is ignored; it takes " << row.values;
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

bool SetOption(const OptionRow& row, Text value, Options& o) {
  const Text key{row.key, strlen(row.key)};
  if (key == "log") {
    size_t out = 0;
    for (size_t i = 0; i < value.size; ++i) {
      if (value.data[i] == '\\' && i + 1 < value.size) ++i;
      if (out + 1 >= kMaxPath) return false;
      o.log[out++] = value.data[i];
    }
    o.log[out] = 0;
    return out != 0;
  }
  if (key == "mode") {
    o.mode = value == "record" ? RunModeOption::kRecord : RunModeOption::kOff;
    return value == "record" || value == "off";
  }
  if (key == "timing") {
    o.timing = value == "full"  ? Timing::kFull
               : value == "off" ? Timing::kOff
                                : Timing::kSampled;
    return value == "full" || value == "off" || value == "sampled";
  }
  if (key == "max_log") return ParseSize(value, o.max_log);
  if (key == "ring") return ParseSize(value, o.ring);
  if (key == "hot") {
    o.volatile_hot = value == "memory";
    return value == "memory" || value == "file";
  }
  PrintHelp();
  return true;
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
  WarnUnknown(key);
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

bool ExpandLogPath(const char* pattern, char (&path)[kMaxPath]) {
  size_t n = 0;
  const auto add = [&](const char* text) {
    while (*text != 0 && n + 1 < kMaxPath) path[n++] = *text++;
    return *text == 0;
  };
  if (pattern[0] != '/') {
    if (getcwd(path, kMaxPath - 1) == nullptr) return false;
    n = strlen(path);
    if (!add("/")) return false;
  }
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
    if (!add(text)) return false;
  }
  path[n] = 0;
  return true;
}

}  // namespace lockcheck::runtime
