#include "instrument/runtime/live_book.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <initializer_list>

#include "instrument/runtime/live_objects.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

using log::Op;

constinit LiveOrder g_order;
constinit LiveObjects g_objects;
constinit LiveEnds g_ends;
constinit LiveDeclared g_declared;
std::atomic<bool> g_any_declared{false};
bool g_said_full = false;
bool g_said_outer = false;
bool g_said_declared_full = false;
bool g_said_declared_cut = false;

// A fork may come while another thread is at them: the child begins anew.
bool g_in_use = false;
class Books {
 public:
  Books() {
    if (g_in_use) {
      g_order = LiveOrder();
      g_objects = LiveObjects();
      g_ends = LiveEnds();
      g_declared = LiveDeclared();
    }
    g_in_use = true;
  }
  ~Books() { g_in_use = false; }
  Books(const Books&) = delete;
  Books& operator=(const Books&) = delete;

 private:
  const ProcessLock lock_;
};

// What a thread remembers of its ways has ids of objects that are gone: it is
// not to find any of it again (live.h).
void MakeAllForgetTheirWays() {
  for (Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    t->ways_epoch.fetch_add(1, std::memory_order_release);
  }
}

bool IsGone(uint32_t object) {
  const LiveObject* const found = g_objects.Find(object & ~LiveOrder::kShared);
  return found == nullptr || found->gone;
}
bool NamesWhatIsGone(const LiveEnds::Wanted& w) {
  return IsGone(w.wanted) || (w.member != 0 && IsGone(w.member));
}

void ReleaseFreeIds() {
  while (const uint32_t id = g_order.TakeFree()) {
    if (!g_objects.Release(id)) continue;
    MakeAllForgetTheirWays();
    g_ends.ForgetGone(&NamesWhatIsGone);
    g_objects.Recycle();
  }
}

// What the actor asked for, as made under its end.
LiveOrder::Answer NoteUnderEnd(const LiveEnds::Actor& actor,
                               const LiveEnds::Wanted& w) {
  const uint32_t end = LiveOrder::EndOf(actor.id);
  LiveOrder::Request request = {actor.id, w.phase, w.wanted, &end, 1};
  request.tried = w.tried;
  request.member = w.member;
  request.member_site = w.member_site;
  request.silent = w.silent;
  request.process = actor.begin.process;
  request.segment = w.segment;
  request.site = w.site;
  request.how = w.how;
  return g_order.Note(request);
}

void ForgetEnd(uint32_t actor) {
  if (actor == 0) return;
  g_order.Forget(LiveOrder::EndOf(actor));
  g_ends.Forget(actor);
}

void SayWhatIsLeftOut() {
  if (g_order.is_full() && !g_said_full) {
    g_said_full = true;
    Message() << "mode=live knows as many combinations of held locks as it "
                 "can: new lock orders are not seen any more, deadlocks are";
  }
  if (g_order.left_outer() && !g_said_outer) {
    g_said_outer = true;
    Message() << "a thread holds more than " << LiveOrder::kMostInner
              << " locks at once: mode=live does not look at orders with the "
                 "outer ones; record to see them";
  }
  if (g_declared.is_full() && !g_said_declared_full) {
    g_said_declared_full = true;
    Message() << "mode=live keeps " << uint64_t{LiveDeclared::kMostOrders}
              << " declared lock orders at most, and leaves out others; record "
                 "to see who breaks those";
  }
  if (g_declared.is_cut() && !g_said_declared_cut) {
    g_said_declared_cut = true;
    Message() << "mode=live looks at " << uint64_t{LiveDeclared::kMostSteps}
              << " declared lock orders for a request at most: who breaks one "
                 "behind them is not told; record to see that";
  }
}

constexpr size_t kPostWords = 8;

size_t DefinitionWords(const LiveObject& object) {
  return 7 + (object.name_size + 3u) / 4 + (object.value != 0 ? 1 : 0);
}

uint32_t* Put(uint32_t* to, std::initializer_list<uint32_t> words) {
  return std::copy(words.begin(), words.end(), to);
}

// As RegisterObject() would write it into a log. Returns its end.
uint32_t* Define(const LiveObject& object, uint32_t* to) {
  const size_t words = DefinitionWords(object);
  to = Put(to, {log::Extended(Op::kDefObject, static_cast<uint32_t>(words),
                              static_cast<uint32_t>(object.kind)),
                object.id, object.place, object.site,
                static_cast<uint32_t>(object.address),
                static_cast<uint32_t>(object.address >> 32), object.name_size});
  for (size_t i = 0; i < object.name_size; i += sizeof(*to)) {
    *to = 0;
    memcpy(to++, object.name() + i,
           std::min(object.name_size - i, sizeof(*to)));
  }
  if (object.value != 0) *to++ = object.value;
  return to;
}

// That its permits are no holds.
uint32_t* DefineSignals(const LiveObject& object, uint32_t* to) {
  constexpr auto kRelease = static_cast<uint32_t>(model::Post::kRelease);
  return Put(to, {log::Extended(Op::kPost, kPostWords, kRelease), object.id,
                  object.site, 0, 0, 0, 0, 0});
}

bool AppendDefinition(const LiveObject& object, LiveList<uint32_t>& words) {
  const size_t most = words.size + DefinitionWords(object) + kPostWords;
  if (most > words.capacity &&
      !words.Reserve(std::max(most, 2 * words.capacity))) {
    return false;
  }
  uint32_t* end = Define(object, words.items + words.size);
  if (object.signals) end = DefineSignals(object, end);
  words.size = static_cast<size_t>(end - words.items);
  return true;
}

// Its own record of that may not be kept.
bool AppendBegin(const LiveEnds::Actor& actor, LiveList<uint32_t>& words) {
  const LiveBegin& begin = actor.begin;
  if (begin.process == 0) return true;  // not known: it asked for nothing
  constexpr auto kStarted = static_cast<uint32_t>(log::BeginHow::kStarted);
  for (const uint32_t word :
       {actor.id, log::Extended(Op::kBegin, kLiveBeginWords, kStarted),
        begin.parent, begin.tid, static_cast<uint32_t>(begin.ticks),
        static_cast<uint32_t>(begin.ticks >> 32)}) {
    if (!words.Push(word)) return false;
  }
  return true;
}

}  // namespace

uint32_t AddLiveObject(uint32_t place, const ObjectFacts& facts) {
  const Books books;
  const uint32_t id = g_objects.TakeId();
  g_objects.Describe(id, place, facts);
  return id;
}

void ForgetLiveObject(uint32_t id, bool reusable) {
  const Books books;
  g_declared.Forget(id);
  if (LiveObject* const object = g_objects.Find(id)) {
    object->reusable &= reusable;
    object->gone = true;
  }
  g_order.Forget(id);
  ReleaseFreeIds();
}

void KeepLiveObject(uint32_t id) {
  const Books books;
  if (LiveObject* const object = g_objects.Find(id)) object->in_log = true;
}

LiveName NameOfLiveObject(uint32_t id) {
  LiveName name = {};
  const Books books;
  const LiveObject* const object = g_objects.Find(id);
  if (object == nullptr) return name;
  name.file = object->file;
  name.line = object->line;
  memcpy(name.name, object->name(),
         std::min<size_t>(object->name_size, sizeof(name.name) - 1));
  return name;
}

void DeclareLiveOrder(uint32_t first, uint32_t second, uint32_t site) {
  const Books books;
  const bool is_new = g_declared.Add(first, second, site);
  g_any_declared.store(true, std::memory_order_relaxed);
  // Who came a way before breaks it when he comes again.
  if (is_new) MakeAllForgetTheirWays();
  SayWhatIsLeftOut();
}

bool AnyLiveOrderDeclared() {
  return g_any_declared.load(std::memory_order_relaxed);
}

LiveDeclared::Broken FindBrokenLiveOrder(const LiveOrder::Request& request) {
  const Books books;
  const LiveDeclared::Broken broken =
      g_declared.Find(request.wanted, request.held, request.held_count);
  SayWhatIsLeftOut();
  return broken;
}

void NoteLiveSignals(uint32_t id) {
  const Books books;
  if (LiveObject* const object = g_objects.Find(id)) object->signals = true;
}

LiveOrder::Answer NoteLiveRequest(const LiveOrder::Request& request) {
  const Books books;
  const LiveOrder::Answer answer = g_order.Note(request);
  SayWhatIsLeftOut();
  return answer;
}

LiveWantedAnswer NoteLiveWanted(uint32_t id, const LiveBegin& begin,
                                const LiveEnds::Wanted& wanted) {
  const Books books;
  LiveEnds::Actor* const actor = g_ends.Make(id, begin);
  if (actor == nullptr) return {LiveOrder::Answer::kKnown, false};
  if (!actor->joined) {
    return {LiveOrder::Answer::kKnown, g_ends.Add(*actor, wanted)};
  }
  const LiveOrder::Answer answer = NoteUnderEnd(*actor, wanted);
  SayWhatIsLeftOut();
  return {answer, true};
}

void NoteLiveEnd(uint32_t actor) {
  const Books books;
  const LiveEnds::Actor* const ended = g_ends.Find(actor);
  if (ended == nullptr || ended->joined) return;
  const uint32_t oldest = g_ends.Ended(actor);
  const LiveEnds::Actor* const known = g_ends.Find(oldest);
  if (known != nullptr && !known->joined) g_ends.Forget(oldest);
}

LiveOrder::Answer NoteLiveJoin(const LiveOrder::Request& request) {
  const Books books;
  const uint32_t id = LiveOrder::ActorOfEnd(request.wanted);
  LiveEnds::Actor* const actor = g_ends.Make(id, {});
  if (actor == nullptr) return LiveOrder::Answer::kKnown;
  if (!actor->joined) {
    for (uint32_t i = 0; i < actor->count; ++i) {
      if (!NamesWhatIsGone(actor->wanted[i])) {
        NoteUnderEnd(*actor, actor->wanted[i]);
      }
    }
    ForgetEnd(g_ends.JoinedUnderLock(*actor));
  }
  const LiveOrder::Answer answer = g_order.Note(request);
  SayWhatIsLeftOut();
  ReleaseFreeIds();
  return answer;
}

void NoteLiveJoined(uint32_t id) {
  const Books books;
  const LiveEnds::Actor* const actor = g_ends.Find(id);
  if (actor != nullptr && !actor->joined) g_ends.Forget(id);
}

size_t DefineLiveObjects(const uint32_t* ids, size_t count, uint32_t* words,
                         size_t most) {
  const Books books;
  uint32_t* end = words;
  for (size_t i = 0; i < count; ++i) {
    const LiveObject* const object = g_objects.Find(ids[i]);
    if (object == nullptr) continue;
    if (DefinitionWords(*object) > most - static_cast<size_t>(end - words)) {
      break;
    }
    end = Define(*object, end);
  }
  return static_cast<size_t>(end - words);
}

bool CopyLiveBook(LiveBook& book) {
  const Books books;
  book.candidates = g_order.candidates();
  bool whole = g_order.WriteFacts(book.facts);
  g_ends.ForEachJoined([&](const LiveEnds::Actor& actor) {
    whole = whole && AppendBegin(actor, book.begins);
  });
  g_objects.ForEach([&](const LiveObject& object) {
    whole = whole && AppendDefinition(object, book.definitions);
  });
  return whole;
}

void JudgedLiveOrders(uint32_t candidates) {
  const Books books;
  g_order.Judged(candidates);
  ReleaseFreeIds();
}

}  // namespace lockcheck::runtime
