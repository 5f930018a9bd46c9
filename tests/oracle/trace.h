// Small traces as text, for tests that read well: the exchange format of the
// field (RAPID "STD"), `thread|op(object)|location`, and its short form
// `1/acq(a)`, separated by white space.
//
// Operations: acq, rel (exclusive), racq, rrel (shared), try (an exclusive try
// that got it), timed (an exclusive timed request that got it), req (the
// request of an actor that waits until the trace's end; rreq shared, treq
// timed), r, w, u (a variable's: read, write, and both in one step), fork,
// join, jreq (a join that waits until the trace's end), end. Threads are
// numbers, locks and variables are any other words.
#ifndef LOCKCHECK_TESTS_ORACLE_TRACE_H_
#define LOCKCHECK_TESTS_ORACLE_TRACE_H_

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "lib/model/primitives.h"

namespace lockcheck::oracle {

enum class Op : uint8_t {
  kAcquire,
  kRelease,
  kRequest,
  kFork,
  kJoin,
  kEnd,
  kRead,
  kWrite,
  kUpdate,
};
constexpr bool Reads(Op op) { return op == Op::kRead || op == Op::kUpdate; }
constexpr bool Writes(Op op) { return op == Op::kWrite || op == Op::kUpdate; }
constexpr bool IsAccess(Op op) { return Reads(op) || Writes(op); }

struct Event {
  uint32_t actor = 0;
  Op op = Op::kAcquire;
  uint32_t object = 0;  // lock or variable, or actor for kFork and kJoin
  bool join = false;    // kRequest: `object` is an actor
  model::Mode mode = model::Mode::kExclusive;
  model::How how = model::How::kBlocking;
  uint32_t site = 0;
};

struct Trace {
  std::vector<Event> events;
  std::vector<std::string> locks, variables;  // names
  uint32_t actor_count = 0;

  uint32_t Lock(std::string_view name) { return IndexOf(name, locks); }
  uint32_t Variable(std::string_view name) { return IndexOf(name, variables); }
  const std::string& NameOf(const Event& e) const {
    return IsAccess(e.op) ? variables[e.object] : locks[e.object];
  }

 private:
  static uint32_t IndexOf(std::string_view name,
                          std::vector<std::string>& names) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) {
      return static_cast<uint32_t>(found - names.begin());
    }
    names.emplace_back(name);
    return static_cast<uint32_t>(names.size() - 1);
  }
};

struct OpName {
  const char* name;
  Op op;
  bool on_actor;
  model::Mode mode = model::Mode::kExclusive;
  model::How how = model::How::kBlocking;
};

inline constexpr OpName kOpNames[] = {
    {"acq", Op::kAcquire, false},
    {"racq", Op::kAcquire, false, model::Mode::kShared},
    {"try", Op::kAcquire, false, model::Mode::kExclusive, model::How::kTry},
    {"timed", Op::kAcquire, false, model::Mode::kExclusive, model::How::kTimed},
    {"rel", Op::kRelease, false},
    {"rrel", Op::kRelease, false, model::Mode::kShared},
    {"req", Op::kRequest, false},
    {"rreq", Op::kRequest, false, model::Mode::kShared},
    {"treq", Op::kRequest, false, model::Mode::kExclusive, model::How::kTimed},
    {"r", Op::kRead, false},
    {"w", Op::kWrite, false},
    {"u", Op::kUpdate, false},
    {"jreq", Op::kRequest, true},
    {"fork", Op::kFork, true},
    {"join", Op::kJoin, true},
    {"end", Op::kEnd, true},
};

// One event; without a location its site is its place in the text. Throws
// std::invalid_argument with the offending word.
inline void AddEvent(std::string word, Trace& trace) {
  std::replace(word.begin(), word.end(), '|', '/');
  const size_t open = word.find('('), close = word.find(')');
  const size_t slash = word.find('/');
  if (slash == std::string::npos || open == std::string::npos ||
      close == std::string::npos || !(slash < open && open < close)) {
    throw std::invalid_argument("not thread/op(object): " + word);
  }
  const std::string op = word.substr(slash + 1, open - slash - 1);
  const std::string object = word.substr(open + 1, close - open - 1);
  Event event;
  event.actor = static_cast<uint32_t>(std::stoul(word.substr(0, slash)));
  const OpName* row =
      std::find_if(std::begin(kOpNames), std::end(kOpNames),
                   [&](const OpName& r) { return r.name == op; });
  if (row == std::end(kOpNames)) {
    throw std::invalid_argument("unknown operation: " + word);
  }
  event.op = row->op;
  event.mode = row->mode;
  event.how = row->how;
  event.join = row->on_actor && row->op == Op::kRequest;
  if (row->op != Op::kEnd) {
    event.object = row->on_actor ? static_cast<uint32_t>(std::stoul(object))
                   : IsAccess(row->op) ? trace.Variable(object)
                                       : trace.Lock(object);
  }
  event.site = close + 1 < word.size()
                   ? static_cast<uint32_t>(std::stoul(word.substr(close + 2)))
                   : static_cast<uint32_t>(trace.events.size());
  trace.actor_count = std::max(trace.actor_count, event.actor + 1);
  if (row->on_actor && row->op != Op::kEnd) {
    trace.actor_count = std::max(trace.actor_count, event.object + 1);
  }
  trace.events.push_back(event);
}

inline Trace Parse(std::string_view text) {
  Trace trace;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) AddEvent(word, trace);
  return trace;
}

inline std::string Print(const Trace& trace) {
  std::string text;
  for (const Event& e : trace.events) {
    for (const OpName& row : kOpNames) {
      const bool on_actor =
          e.op == Op::kFork || e.op == Op::kJoin || e.op == Op::kEnd || e.join;
      if (row.op != e.op || row.on_actor != on_actor || row.mode != e.mode ||
          (e.op != Op::kRelease && row.how != e.how)) {
        continue;
      }
      text += std::to_string(e.actor) + "/" + row.name + "(" +
              (e.op == Op::kEnd ? ""
               : on_actor       ? std::to_string(e.object)
                                : trace.NameOf(e)) +
              ") ";
      break;
    }
  }
  return text;
}

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_TRACE_H_
