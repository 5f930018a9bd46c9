#include "lib/log/std_translator.h"

#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/log/place_frame.h"

namespace lockcheck::log {
namespace {

using model::How;
using model::ObjectKind;
using model::Outcome;
using model::Post;

template <typename... Parts>
absl::Status Wrong(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

struct OddityText {
  const char* one;
  const char* many;
  const char* what;
};
// By StdOddity.
constexpr OddityText kOddities[] = {
    {"branch was", "branches were", "left out: a log has none"},
    {"release was", "releases were",
     "left out: the thread did not hold the lock"},
    {"acquisition was", "acquisitions were",
     "left out: the thread held the lock already"},
    {"request is", "requests are",
     "read as given up: what the thread did next is no acquisition of it"},
    {"wait is", "waits are",
     "read as one with a time limit: no notification can have ended it"},
};

}  // namespace

StdTranslator::StdTranslator(std::string name, BlockFile::Write write)
    : name_(std::move(name)), file_(std::move(write)) {}

absl::Status StdTranslator::Add(const StdEvent& event, uint64_t line) {
  line_ = line;
  ++events_;
  if (event.op == StdOp::kBranch) {
    Note(StdOddity::kBranch);
    return absl::OkStatus();
  }
  const ThreadIndex thread = ThreadOf(event.thread);
  if (main_ == kNobody) main_ = thread;
  Thread& t = threads_[thread];
  if (t.joined_line != 0) {
    return Wrong("thread ", Quoted(t.name), " acts behind its join in line ",
                 t.joined_line, "; delete the join if it gave up waiting");
  }
  if (t.first_line == 0) t.first_line = line;
  t.ends = event.op == StdOp::kEnd;
  absl::Status done = Act(thread, event);
  return done.ok() ? written_ : done;
}

absl::Status StdTranslator::Act(ThreadIndex thread, const StdEvent& event) {
  const uint32_t site = SiteOf(event.location, thread);
  uint32_t lock = kNobody;
  if (event.op == StdOp::kAcquire) lock = LockOf(event.object, thread, site);
  GoOn(thread, lock);
  switch (event.op) {
    case StdOp::kAcquire:
      return Acquire(thread, lock, site);
    case StdOp::kRelease:
      return Release(thread, event.object);
    case StdOp::kRequest:
      return Request(thread, event.object, site);
    case StdOp::kFork:
      return Fork(thread, event.object);
    case StdOp::kJoin:
      return Join(thread, event.object, site);
    case StdOp::kWait:
      return Wait(thread, event.object, site);
    case StdOp::kNotify:
    case StdOp::kNotifyAll:
      return Notify(thread, event, site);
    case StdOp::kRead:
      return Access(thread, model::Access::kRead, event.object, site);
    case StdOp::kWrite:
      return Access(thread, model::Access::kWrite, event.object, site);
    default:
      return absl::OkStatus();
  }
}

// Who reads finds the last write in the file.
absl::Status StdTranslator::Access(ThreadIndex thread, model::Access access,
                                   std::string_view name, uint32_t site) {
  auto known = variable_ids_.find(name);
  if (known == variable_ids_.end()) {
    const auto index = static_cast<uint32_t>(variables_.size());
    variables_.push_back({Define(ObjectKind::kVariable, name, thread, site)});
    known = variable_ids_.emplace(texts_.emplace_back(name), index).first;
  }
  Variable& variable = variables_[known->second];
  variable.version += model::Writes(access) ? 1 : 0;
  Put(thread, MadeRecord(Op::kAccess, static_cast<uint32_t>(access),
                         {variable.id, site, variable.version}));
  return absl::OkStatus();
}

absl::Status StdTranslator::Acquire(ThreadIndex thread, uint32_t lock,
                                    uint32_t site) {
  Thread& t = threads_[thread];
  Lock& l = locks_[lock];
  if (l.holder == thread) {
    const auto at = std::find(t.locks.begin(), t.locks.end(), lock);
    ++t.entries[static_cast<size_t>(at - t.locks.begin())];
    Note(StdOddity::kReentered);
    return absl::OkStatus();
  }
  if (l.holder != kNobody) {
    return Wrong("thread ", Quoted(t.name), " acquires a lock that ",
                 Quoted(threads_[l.holder].name), " has held since line ",
                 l.held_since,
                 "; locks of the format are exclusive, so leave out shared "
                 "ones, or add the release");
  }
  if (t.held.size() == SegmentStream::kMostHolds) {
    return Wrong("thread ", Quoted(t.name), " holds more than ",
                 SegmentStream::kMostHolds,
                 " locks at once; are releases missing?");
  }
  const bool handed_over = l.last != kNobody && l.last != thread;
  if (handed_over) ++l.handovers;
  WriteAcquire(thread, l, site, handed_over);
  t.held.push_back({l.id, site});
  t.entries.push_back(1);
  t.locks.push_back(lock);
  l.holder = l.last = thread;
  l.held_since = line_;
  l.holder_site = site;
  return absl::OkStatus();
}

void StdTranslator::WriteAcquire(ThreadIndex thread, const Lock& lock,
                                 uint32_t site, bool handed_over) {
  if (lock.id >= kShortObjects || site >= kShortSites ||
      lock.handovers > kDetailCount) {
    MadeRecord record(Op::kAcquire, handed_over ? kFlagHandover : 0u,
                      {lock.id, site});
    if (handed_over) record.Word(lock.handovers);
    return Put(thread, std::move(record));
  }
  const uint32_t words[] = {
      Pack(handed_over ? kOpenHandover : kOpen, lock.id, site), lock.handovers};
  Put(thread, std::span(words).first(handed_over ? 2 : 1));
}

absl::Status StdTranslator::Release(ThreadIndex thread, std::string_view name) {
  Thread& t = threads_[thread];
  const auto known = lock_ids_.find(name);
  if (known == lock_ids_.end() || locks_[known->second].holder != thread) {
    Note(StdOddity::kUnheldRelease);
    return absl::OkStatus();
  }
  const auto found = std::find(t.locks.rbegin(), t.locks.rend(), known->second);
  const auto at = t.locks.rend() - found - 1;
  if (--t.entries[static_cast<size_t>(at)] > 0) return absl::OkStatus();
  const uint32_t close =
      CloseWord(static_cast<uint32_t>(found - t.locks.rbegin()));
  Put(thread, std::span(&close, 1));
  t.held.erase(t.held.begin() + at);
  t.entries.erase(t.entries.begin() + at);
  t.locks.erase(t.locks.begin() + at);
  locks_[known->second].holder = kNobody;
  return absl::OkStatus();
}

absl::Status StdTranslator::Request(ThreadIndex thread, std::string_view name,
                                    uint32_t site) {
  const uint32_t lock = LockOf(name, thread, site);
  Thread& t = threads_[thread];
  t.pending = Pending::kRequest;
  t.object = lock;
  t.site = site;
  return absl::OkStatus();
}

absl::Status StdTranslator::Fork(ThreadIndex thread, std::string_view name) {
  const ThreadIndex child = ThreadOf(name);
  Thread& c = threads_[child];
  if (c.forked_line != 0) {
    return Wrong("thread ", Quoted(name), " was forked in line ", c.forked_line,
                 "; give the second one a name of its own");
  }
  if (c.first_line != 0 || c.joined_line != 0) {
    return Wrong("thread ", Quoted(name), " is in line ",
                 std::max(c.first_line, c.joined_line),
                 " already, before its fork; move the fork before it, or "
                 "delete it");
  }
  c.forked_line = line_;
  c.parent = thread;
  Put(thread, MadeRecord(Op::kFork, 0, {child + 1}).U64(Stamp()).words());
  return absl::OkStatus();
}

absl::Status StdTranslator::Join(ThreadIndex thread, std::string_view name,
                                 uint32_t site) {
  const ThreadIndex child = ThreadOf(name);
  if (child == thread) {
    return Wrong("thread ", Quoted(name),
                 " joins itself, which never ends; delete the line");
  }
  Thread& c = threads_[child];
  if (c.joined_line == 0) {
    GoOn(child, kNobody);
    End(child);
    c.joined_line = line_;
  }
  Put(thread,
      MadeRecord(Op::kJoinBlock, 0, {child + 1, site}).U64(Stamp()).words());
  Put(thread, MadeRecord(Op::kJoin, 0, {child + 1}).U64(Stamp()).words());
  return absl::OkStatus();
}

absl::Status StdTranslator::Wait(ThreadIndex thread, std::string_view name,
                                 uint32_t site) {
  const auto monitor = lock_ids_.find(name);
  if (monitor != lock_ids_.end() && locks_[monitor->second].holder == thread) {
    return Wrong("thread ", Quoted(threads_[thread].name), " waits for ",
                 Quoted(name), " with that lock held since line ",
                 locks_[monitor->second].held_since,
                 "; write its release before the wait");
  }
  const uint32_t condition = ConditionOf(name, thread, site);
  Thread& t = threads_[thread];
  t.pending = Pending::kWait;
  t.object = condition;
  t.site = site;
  conditions_[condition].waits.Wait(thread);
  return absl::OkStatus();
}

absl::Status StdTranslator::Notify(ThreadIndex thread, const StdEvent& event,
                                   uint32_t site) {
  const bool all = event.op == StdOp::kNotifyAll;
  Condition& c = conditions_[ConditionOf(event.object, thread, site)];
  const StdCondition::Posted posted =
      all ? c.waits.NotifyAll() : c.waits.NotifyOne();
  Put(thread,
      MadeRecord(
          Op::kPost,
          static_cast<uint32_t>(all ? Post::kNotifyAll : Post::kNotifyOne),
          {c.id, site, posted.first, posted.count, posted.next_ticket})
          .words());
  return absl::OkStatus();
}

void StdTranslator::WriteWait(ThreadIndex thread, uint32_t ticket, How how) {
  const Thread& t = threads_[thread];
  Put(thread, MadeRecord(Op::kBlock, static_cast<uint32_t>(how),
                         {conditions_[t.object].id, t.site, 0, 0})
                  .U64(Stamp())
                  .Word(ticket)
                  .words());
}

void StdTranslator::GoOn(ThreadIndex thread, uint32_t lock) {
  Thread& t = threads_[thread];
  const Pending pending = std::exchange(t.pending, Pending::kNothing);
  if (pending == Pending::kRequest && t.object != lock) {
    Note(StdOddity::kGivenUp);
    Put(thread, MadeRecord(Op::kTryFailed, static_cast<uint32_t>(How::kTry),
                           {locks_[t.object].id, t.site}));
  } else if (pending == Pending::kWait) {
    const auto ended = conditions_[t.object].waits.Wake(thread);
    if (!ended.notified) Note(StdOddity::kTimedOut);
    WriteWait(thread, ended.ticket,
              ended.notified ? How::kBlocking : How::kTimed);
    Put(thread,
        MadeRecord(Op::kUnblock,
                   static_cast<uint32_t>(ended.notified ? Outcome::kSignalled
                                                        : Outcome::kTimedOut),
                   {})
            .U64(Stamp())
            .words());
  }
}

bool StdTranslator::Stand(ThreadIndex thread) {
  Thread& t = threads_[thread];
  const Pending pending = std::exchange(t.pending, Pending::kNothing);
  if (pending == Pending::kRequest) {
    const Lock& l = locks_[t.object];
    const bool held = l.holder != kNobody;
    Put(thread, MadeRecord(Op::kBlock, static_cast<uint32_t>(How::kBlocking),
                           {l.id, t.site, held ? l.holder + 1 : 0,
                            held ? l.holder_site : 0})
                    .U64(Stamp())
                    .words());
  } else if (pending == Pending::kWait) {
    const auto left = conditions_[t.object].waits.Leave(thread);
    WriteWait(thread, left.ticket, How::kBlocking);
    if (!left.notified) return true;
    Put(thread,
        MadeRecord(Op::kUnblock, static_cast<uint32_t>(Outcome::kSignalled), {})
            .U64(Stamp())
            .words());
  }
  return pending == Pending::kRequest;
}

void StdTranslator::End(ThreadIndex thread) {
  threads_[thread].ended = true;
  Put(thread,
      MadeRecord(Op::kEnd, 0, {}).U64(Stamp()).U64(0).Word(0).Word(0).words());
}

absl::Status StdTranslator::Finish() {
  bool stands = false;
  for (ThreadIndex i = 0; i < threads_.size(); ++i) {
    Thread& t = threads_[i];
    if (t.ended) continue;
    // `end` may be that of a transaction; the thread's own is behind all else.
    if (Stand(i)) {
      stands = true;
    } else if (t.ends && t.held.empty() && i != main_) {
      End(i);
    } else if (!t.begun) {
      Begin(i);
    }
  }
  // Nobody is known to have been stopped in the middle of something.
  if (!stands && main_ != kNobody && !threads_[main_].ended) {
    Put(main_, MadeRecord(Op::kExit, 0, {})
                   .U64(Stamp())
                   .U64(Stamp())
                   .U64(0)
                   .Word(0)
                   .Word(0)
                   .words());
  }
  for (Thread& t : threads_) {
    if (written_.ok()) written_ = t.stream.Flush(file_);
  }
  if (!written_.ok()) return written_;
  LogFacts facts;
  facts.start_ticks = facts.start_monotonic_ns = kStart;
  facts.start_unix_ns = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(
          std::chrono::system_clock::now().time_since_epoch())
          .count());
  facts.actors = static_cast<uint32_t>(threads_.size());
  facts.objects = next_object_ - 1;
  facts.sites = facts.places = next_place_ - 1;
  facts.processes = 1;
  // All zeros would name a recording, too.
  const ssize_t filled =
      getrandom(facts.recording_id, sizeof(facts.recording_id), GRND_NONBLOCK);
  static_cast<void>(filled);
  return file_.Finish(facts);
}

StdTranslator::ThreadIndex StdTranslator::ThreadOf(std::string_view name) {
  const auto known = thread_ids_.find(name);
  if (known != thread_ids_.end()) return known->second;
  const auto index = static_cast<ThreadIndex>(threads_.size());
  threads_.emplace_back(index + 1);
  threads_.back().name = texts_.emplace_back(name);
  thread_ids_.emplace(threads_.back().name, index);
  return index;
}

uint32_t StdTranslator::Define(ObjectKind kind, std::string_view name,
                               ThreadIndex user, uint32_t site) {
  const uint32_t id = next_object_++;
  Put(user, MadeRecord(Op::kDefObject, static_cast<uint32_t>(kind),
                       {id, /*place=*/0, site})
                .U64(0)
                .Text(name)
                .words());
  return id;
}

uint32_t StdTranslator::LockOf(std::string_view name, ThreadIndex user,
                               uint32_t site) {
  const auto known = lock_ids_.find(name);
  if (known != lock_ids_.end()) return known->second;
  const auto index = static_cast<uint32_t>(locks_.size());
  locks_.push_back({.id = Define(ObjectKind::kMutex, name, user, site)});
  lock_ids_.emplace(texts_.emplace_back(name), index);
  return index;
}

uint32_t StdTranslator::ConditionOf(std::string_view name, ThreadIndex user,
                                    uint32_t site) {
  const auto known = condition_ids_.find(name);
  if (known != condition_ids_.end()) return known->second;
  const auto index = static_cast<uint32_t>(conditions_.size());
  conditions_.emplace_back().id =
      Define(ObjectKind::kConditionVariable, name, user, site);
  condition_ids_.emplace(texts_.emplace_back(name), index);
  return index;
}

uint32_t StdTranslator::SiteOf(std::string_view location, ThreadIndex user) {
  if (location.empty()) return 0;
  const auto known = site_ids_.find(location);
  if (known != site_ids_.end()) return known->second;
  const uint32_t place = next_place_++;
  const uint32_t site = kFirstSite + place - 1;
  Put(user, MadeRecord(Op::kDefPlace, 0, {place, /*line=*/0, /*column=*/0})
                .Text("")
                .Text(location)
                .words());
  Put(user, MadeRecord(Op::kDefSite, 0, {site, 1})
                .U64(PackFrame(kPlaceModule, place))
                .words());
  site_ids_.emplace(texts_.emplace_back(location), site);
  return site;
}

void StdTranslator::Put(ThreadIndex thread, std::span<const uint32_t> record) {
  if (!threads_[thread].begun) Begin(thread);
  Thread& t = threads_[thread];
  if (written_.ok()) {
    written_ = t.stream.Add(record, t.held, Stamp(), file_);
  }
}

void StdTranslator::Begin(ThreadIndex thread) {
  Thread& t = threads_[thread];
  t.begun = true;
  const bool forked = t.parent != kNobody;
  if (thread == 0) {
    Put(thread, MadeRecord(Op::kDefProcess, 0, {1, /*pid=*/0, /*parent=*/0})
                    .U64(0)
                    .Text("")
                    .Text(std::string_view(name_).substr(0, 4096))
                    .Text("")
                    .Text("")
                    .words());
  }
  // Whom nobody forks was there from the beginning, as a main thread is:
  // nothing of the trace comes before it.
  const BeginHow how = forked ? BeginHow::kStarted : BeginHow::kMain;
  Put(thread, MadeRecord(Op::kBegin, static_cast<uint32_t>(how),
                         {forked ? t.parent + 1 : 0, thread + 1})
                  .U64(Stamp())
                  .words());
  Put(thread,
      MadeRecord(Op::kDefName, static_cast<uint32_t>(NameTarget::kActor),
                 {thread + 1})
          .Text(t.name)
          .words());
}

void StdTranslator::Note(StdOddity oddity) {
  Oddities& row = oddities_[static_cast<size_t>(oddity)];
  if (row.count++ == 0) row.first_line = line_;
}

std::vector<std::string> StdTranslator::notes() const {
  std::vector<std::string> notes;
  for (size_t i = 0; i < oddities_.size(); ++i) {
    const Oddities& row = oddities_[i];
    if (row.count == 0) continue;
    const OddityText& text = kOddities[i];
    notes.push_back(absl::StrCat(
        name_, ": ", row.count, " ", row.count == 1 ? text.one : text.many, " ",
        text.what, ", first in line ", row.first_line));
  }
  return notes;
}

}  // namespace lockcheck::log
