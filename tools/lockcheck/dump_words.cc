#include "tools/lockcheck/dump_words.h"

namespace lockcheck::tools {

const char* Name(model::How how) {
  switch (how) {
    case model::How::kBlocking:
      return "";
    case model::How::kTry:
      return ", try";
    case model::How::kTimed:
      return ", timed";
    case model::How::kRetried:  // in no log
    case model::How::kMulti:
      return ", one of several";
  }
  return "";
}

const char* Name(model::Post post) {
  const model::PostName* const row = model::NameOf(post);
  return row == nullptr ? "post" : row->name;
}

const char* Name(model::Access access) {
  switch (access) {
    case model::Access::kRead:
      return "reads";
    case model::Access::kWrite:
      return "writes";
    case model::Access::kUpdate:
      return "reads and writes";
  }
  return "accesses";
}

const char* Name(model::Outcome outcome) {
  switch (outcome) {
    case model::Outcome::kAcquired:
      return "acquired";
    case model::Outcome::kTimedOut:
      return "timed out";
    case model::Outcome::kSignalled:
      return "signalled";
    case model::Outcome::kInterrupted:
      return "interrupted";
  }
  return "";
}

const char* Name(log::BeginHow how) {
  switch (how) {
    case log::BeginHow::kMain:
      return "as main thread";
    case log::BeginHow::kStarted:
      return "started";
    case log::BeginHow::kForeign:
      return "started elsewhere";
    case log::BeginHow::kForkChild:
      return "as forked child";
    case log::BeginHow::kSignal:
      return "as signal handler";
    case log::BeginHow::kTask:
      return "as task of a pool";
    case log::BeginHow::kCoroutine:
      return "as coroutine";
  }
  return "in an unknown way";
}

const char* Name(log::StackReason reason) {
  switch (reason) {
    case log::StackReason::kRequest:
      return "request";
    case log::StackReason::kWait:
      return "wait";
    case log::StackReason::kMisuseStack:
      return "misuse";
  }
  return "unknown reason";
}

const char* Name(log::NameTarget target) {
  switch (target) {
    case log::NameTarget::kActor:
      return "actor";
    case log::NameTarget::kObject:
      return "object";
    case log::NameTarget::kProcess:
      return "process";
  }
  return "unknown";
}

const char* Name(log::NoteKind kind) {
  switch (kind) {
    case log::NoteKind::kStopped:
      return "recording stopped, reason";
    case log::NoteKind::kDropped:
      return "records dropped";
    case log::NoteKind::kTiming:
      return "timing";
    case log::NoteKind::kSampleInterval:
      return "mean sample interval";
    case log::NoteKind::kLive:
      return "mode=live";
    case log::NoteKind::kQuiescent:
      return "nobody left to end a wait, at";
    case log::NoteKind::kStarved:
      return "has a slot of a pool that submitted tasks need, actor";
    case log::NoteKind::kEnding:
      return "ended by a signal, at";
    case log::NoteKind::kElsewhere:
      return "sleeps in a wait that is none of lockcheck's, actor";
    case log::NoteKind::kOwnerDied:
      return "is had from an owner that died, object";
    case log::NoteKind::kLeft:
      return "is left suspended, actor";
    case log::NoteKind::kNobodyResumes:
      return "nobody resumes what is left, at";
    case log::NoteKind::kHeldAcross:
      return "holds locks of threads across an await, at";
    case log::NoteKind::kNoCarrier:
      return "has no thread that could resume it, actor";
    case log::NoteKind::kKeptThread:
      return "kept its thread, since an await at";
    case log::NoteKind::kQuiescentAcross:
      return "nobody of this process left to end a wait, at";
    case log::NoteKind::kForkHeld:
      return "held it when the process was forked, object";
    case log::NoteKind::kForkActor:
      return "forked the process, or held what follows then, actor";
  }
  return "unknown note";
}

}  // namespace lockcheck::tools
