// The lock order of the running program: which locks were asked for under which
// others, by whom, and whether that closes a cycle.
//
// Problem: a deadlock that has not happened yet shows as a cycle of lock
// orders. mode=live is to say so in the moment in which the cycle closes, in a
// process that runs for months, in memory bounded by what differs among the
// locks that are there.
//
// A dependency is one request under one set of held locks (the
// relation D of Joshi et al., PLDI 2009); it is kept once, with its
// occurrences: who came that way, and where in the code. A cycle of locks (see
// LiveGraph) is a candidate only if some actors of it are different ones, hold
// no lock in common that would keep them apart, and do not only read (what the
// analyzer calls a pattern). The candidate is then judged by the analyzer,
// which also knows who had ended before whom began; it reads what WriteFacts()
// gives.
//
// A lock that is gone can be in no new cycle, so what was known of it goes with
// it (Forget()), with two exceptions. What was asked for under it and under
// others stays known as asked for under the others; that it was held, too, is
// noted with the occurrence (its ghosts), because two of them that held the
// same lock could never meet. And the locks of a candidate stay until that has
// been judged, kMostDead of them at most.
//
// Else it forgets nothing but repetition: of the occurrences of a dependency
// the first kMostOccurrences are kept, then every one whose number is a power
// of two; of those in a cycle of locks the first kMostInCycle. A search ends
// after kMostSteps steps.
//
// Of many held locks (a table's shards, all at once) the innermost ones make
// orders, kMostInner at most and never less than kMostInner - kOuterStep + 1 of
// them: else memory would grow with the square of what a thread holds, and the
// work when the locks go with the cube. The outer ones are noted as held, in
// lists that the requests have in common, so two that held the same lock are
// kept apart all the same; of one actor's ways to a dependency that differ in
// the outer ones alone the first is kept.
//
// A thread's end is a lock that the thread holds as long as it lives, and that
// a join asks for (EndOf()). Of a thread that was joined under a lock its
// requests come here once more, as made under its end alone: that makes the
// same cycles, for it asked for what it held then, too.
//
// A try under two locks or more may be one of std::lock's, which begins anew
// when it fails; only the analyzer, who has the functions' names, can tell. It
// comes here as made under what was held before the call, in a dependency of
// its own, and what closes a candidate only with its help is said to be one
// that may be none (kMayClose).
//
// Threading: under one lock of the caller's. Never calls malloc. Cost: a
// hash look-up for what is known; at most kMostInner new edges, see LiveGraph;
// something for each kOuterStep outer locks.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ORDER_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ORDER_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/live_graph.h"
#include "instrument/runtime/live_memory.h"

namespace lockcheck::runtime {

// One occurrence, in a list of words: this, and `held` times an id with its
// mode and the site of the hold, ghosts first, then the outermost.
struct LiveFact {
  uint32_t words;  // all of them
  uint32_t actor;
  uint32_t process;
  uint32_t segment;  // of the actor's; it stands behind it
  uint32_t wanted;   // with its mode; or a thread's end, see LiveOrder
  uint32_t site;
  uint32_t how;
  uint32_t held;
};
inline constexpr size_t kLiveFactWords = sizeof(LiveFact) / sizeof(uint32_t);

class LiveOrder {
 public:
  // Of an object id: held, or asked for, in shared mode.
  static constexpr uint32_t kShared = 1u << 31;
  // Of an actor's id: its end. No object has an id as large.
  static constexpr uint32_t kEnd = 1u << 30;
  static uint32_t EndOf(uint32_t actor) { return kEnd | actor; }
  static bool IsEnd(uint32_t id) { return (id & kEnd) != 0; }
  static uint32_t ActorOfEnd(uint32_t id) { return id & ~kEnd; }
  static constexpr uint32_t kMostOccurrences = 16;
  static constexpr uint32_t kMostInCycle = 1000;
  static constexpr size_t kMostSteps = 1 << 16;
  // Comparisons of holds, for each step on average.
  static constexpr size_t kMostLooks = 1 << 12;
  static constexpr size_t kMostDead = 4096;
  // Held locks of all dependencies together; what comes then is not known.
  static constexpr size_t kMostUses = 1 << 22;
  static constexpr size_t kMostInner = 48;
  static constexpr size_t kOuterStep = 16;

  struct Request {
    uint32_t actor;
    uint32_t phase;  // of the actor; another one after each fork and join
    uint32_t wanted;
    const uint32_t* held;  // outermost first
    size_t held_count;     // not 0
    // Of a try that may be one of std::lock's: its place, and the member that
    // the call waited for; held is what was held before that. 0: it is none.
    uint32_t tried = 0;
    uint32_t member = 0;  // with its mode
    uint32_t member_site = 0;
    // The analyzer knows it as another request.
    bool silent = false;
    // For WriteFacts() alone.
    const uint32_t* held_sites = nullptr;  // as many; null: not known
    uint32_t process = 0;
    uint32_t segment = 0;
    uint32_t site = 0;
    uint32_t how = 0;
  };
  enum class Answer : uint8_t {
    kKnown,     // or repeated too often to be kept
    kNew,       // to be kept
    kCloses,    // to be kept, and it closes a candidate
    kMayClose,  // the same, if a try is one of std::lock's
  };
  Answer Note(const Request& request);

  // The object is gone.
  void Forget(uint32_t id);
  // Takes the id of an object that was forgotten, and that nothing here refers
  // to any more; 0: there is none.
  uint32_t TakeFree();

  // All candidates until now, as a number; what was gone and belongs to those
  // up to `candidate` is forgotten when they have been judged.
  uint32_t candidates() const { return candidates_; }
  void Judged(uint32_t candidate);

  // Appends all occurrences, in no order. False: no memory.
  bool WriteFacts(LiveList<uint32_t>& facts) const;

  // Some lock order has a cycle, a candidate or not.
  bool has_cycle() const { return graph_.has_cycle(); }
  // It has no room, or no memory, for more.
  bool is_full() const { return is_full_; }
  // Somebody held so many that the outer ones made no orders.
  bool left_outer() const { return left_outer_; }
  size_t objects() const { return objects_.size(); }
  size_t edges() const { return edges_.size(); }
  size_t outers() const { return outers_count_; }
  size_t dependencies() const { return dependencies_count_; }

 private:
  struct Object;
  struct Occurrence;
  struct Dependency;
  struct Use;  // of a held object by a dependency
  struct Path;
  struct Outer;  // kOuterStep outer locks, and those around them

  Object* ObjectOf(uint32_t id);
  LiveEdge* EdgeBetween(Object& from, Object& to);
  Dependency* DependencyOf(const Request& request);
  Dependency* MakeDependency(const Request& request, LiveTable::Entry& entry);
  Occurrence* AddOccurrence(Dependency& d, uint32_t actor, uint32_t phase,
                            uint32_t ghosts, Outer* outer);
  void SetMember(Occurrence& o, uint32_t member, uint32_t site);
  static Occurrence** OccurrenceOf(Dependency& d, uint32_t actor,
                                   uint32_t phase);

  void Drop(Object& object);
  void KeepWithout(Object& object, Dependency& d);
  void CopyWithout(const Object& object, const Dependency& d,
                   const Occurrence& from, Dependency& to);
  void Remove(Dependency& d);
  void RemoveUse(Use& use, Object& wanted);
  void RemoveOccurrence(const Dependency& d, Occurrence* occurrence);
  Answer NoteInner(const Request& request, Outer* outer);
  Outer* HoldOuters(const Request& request, size_t count);
  Outer* HoldOuter(const Request& request, size_t first, Outer* around);
  Outer* MakeOuter(LiveTable::Entry& entry, Outer* around);
  void ReleaseOuter(Outer* outer);
  void CountGhost(uint32_t id);
  void UncountGhost(uint32_t id);
  void Freed(uint32_t id);

  static bool IsInCycle(const Dependency& dependency);
  Answer Closes(const Dependency& first, const Occurrence& occurrence);
  bool FindPattern(const Dependency& first, const Occurrence& occurrence,
                   bool with_tries);
  bool FitsBehind(const Dependency& next, const Occurrence& occurrence,
                  size_t& looks) const;
  void PinPath();
  bool IsPinned(const Object& object) const;
  static size_t HeldInFact(const Dependency& d, const Occurrence& o);
  static uint32_t* PutOuters(const Outer* innermost, uint32_t* to);
  static bool WriteFact(const Dependency& d, const Occurrence& o,
                        LiveList<uint32_t>& facts);

  LivePool pool_;
  LiveGraph graph_;
  LiveTable objects_;       // by id
  LiveTable edges_;         // by both ids
  LiveTable dependencies_;  // by hash
  LiveTable ghosts_;        // by id: how many occurrences have it as a ghost
  LiveTable outers_;        // by hash
  LiveList<Path> path_;
  LiveList<uint32_t> rest_;
  LiveList<uint32_t> free_;
  Object* dead_ = nullptr;  // not forgotten yet
  size_t dead_count_ = 0;
  size_t dependencies_count_ = 0;
  size_t tried_count_ = 0;  // of them
  size_t uses_ = 0;         // with those in outers_
  size_t outers_count_ = 0;
  uint32_t candidates_ = 0;
  uint32_t judged_ = 0;
  bool is_full_ = false;
  bool left_outer_ = false;
  bool lost_count_ = false;  // of a ghost, for want of memory
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ORDER_H_
