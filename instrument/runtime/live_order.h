// The lock order of the running program: which locks were asked for under which
// others, by whom, and whether that closes a cycle.
//
// Problem: a deadlock that has not happened yet shows as a cycle of lock
// orders. mode=live is to say so in the moment in which the cycle closes, in a
// process that runs for months, in memory bounded by what differs.
//
// A dependency is one request under one set of held locks (PREDICTION: the
// relation D of Joshi et al., PLDI 2009); it is kept once, with the actors that
// came that way. Edges between locks are kept in a topological order (Pearce
// and Kelly, "A dynamic topological sort algorithm for directed acyclic
// graphs", JEA 2006): a new edge that agrees with it costs nothing more; one
// that does not moves the locks between its ends. A cycle of locks is a
// candidate only if some actors of it are different ones, hold no lock in
// common that would keep them apart, and do not only read (what the analyzer
// calls a pattern). The candidate is then judged by the analyzer, which also
// knows who had ended before whom began.
//
// It forgets nothing but repetition: of the actors of a dependency the first
// kMostActors, then every one whose number is a power of two; of those in a
// cycle of locks the first kMostInCycle. A search ends after kMostSteps steps.
//
// Threading: under one lock of the caller's. Never calls malloc. Cost: a
// hash look-up for what is known; for a new edge, see above.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ORDER_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ORDER_H_

#include <cstddef>
#include <cstdint>

namespace lockcheck::runtime {

class LiveOrder {
 public:
  // Of an object id: held, or asked for, in shared mode.
  static constexpr uint32_t kShared = 1u << 31;
  static constexpr uint32_t kMostActors = 16;
  static constexpr uint32_t kMostInCycle = 1000;
  static constexpr size_t kMostSteps = 1 << 16;
  // Held locks of all dependencies together; what comes then is not known.
  static constexpr size_t kMostUses = 1 << 22;

  struct Request {
    uint32_t actor;
    uint32_t phase;  // of the actor; another one after each fork and join
    uint32_t wanted;
    const uint32_t* held;  // outermost first
    size_t held_count;     // not 0
  };
  enum class Answer : uint8_t {
    kKnown,   // or repeated too often to be kept
    kNew,     // to be kept
    kCloses,  // to be kept, and it closes a candidate
  };
  Answer Note(const Request& request);

  // Some lock order has a cycle, a candidate or not.
  bool has_cycle() const { return has_cycle_; }
  // It has no room, or no memory, for more.
  bool is_full() const { return is_full_; }
  size_t dependencies() const { return dependencies_.size; }

 private:
  struct Object;
  struct Actor;
  struct Dependency;
  struct Link;  // from one object to another
  struct Use;   // of a held object by a dependency
  struct Path;

  // From 64-bit keys, not 0, to pointers.
  struct Table {
    struct Entry {
      uint64_t key;
      void* value;
    };
    Entry* entries = nullptr;
    size_t capacity = 0;
    size_t size = 0;
    // Null: no memory.
    Entry* Find(uint64_t key);
    bool Grow();
  };
  template <typename T>
  struct List {
    T* items = nullptr;
    size_t size = 0;
    size_t capacity = 0;
    bool Push(const T& item);
  };

  Object* ObjectOf(uint32_t id);
  Dependency* DependencyOf(const Request& request);
  bool AddEdge(Object* from, Object* to);
  bool Agrees(Object* from, Object* to);
  void Reorder();
  bool Reach(Object* from, const Object* goal, bool backwards, uint32_t bound,
             List<Object*>& found);
  void Join(Object* from, Object* to);
  bool IsInCycle(const Dependency& dependency) const;
  bool FindPattern(const Dependency& first, uint32_t actor);
  bool FitsBehind(const Dependency& next, uint32_t actor, size_t depth) const;

  Table objects_;
  Table edges_;
  Table dependencies_;
  List<Object*> forward_;
  List<Object*> backward_;
  List<uint32_t> places_;
  List<Path> path_;
  size_t uses_ = 0;
  uint32_t next_place_ = 0;
  uint32_t mark_ = 0;
  bool has_cycle_ = false;
  bool is_full_ = false;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ORDER_H_
