// The ids of the findings that a program has shown, so that each is shown once.
//
// They lie in memory here; while the command runs, in a file that it reads and
// writes (`lockcheck analyze --known`). Behind an id stands what the command
// says of it, or that it is one of a deadlock that happened.
//
// Threading: Open() by one thread at a time, which the others learn by a null;
// it ends with one of the Take functions.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_SHOWN_IDS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_SHOWN_IDS_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/memory_file.h"

namespace lockcheck::runtime {

class ShownIds {
 public:
  constexpr ShownIds() = default;

  // They are in a file for the command to read and to write, or that is empty;
  // null: there is none, two at a time cannot have it.
  MemoryFile* Open(bool empty);

  // How many ids are new: of findings that were shown, and of others.
  struct Fresh {
    uint32_t shown;
    uint32_t suppressed;
  };
  // Takes what the command has written.
  Fresh TakeAndClose();

  struct Happened {
    uint32_t could;   // ids that were there before as such that can
    bool suppressed;  // it is
  };
  // Takes the ids, and nothing else, that the command has written of a deadlock
  // that has happened.
  Happened TakeHappenedAndClose();

 private:
  struct Text;

  size_t Size() const;
  static Text* NewText(size_t most);
  void Replace(Text* text, size_t size);
  void Close();
  char* CopyOthers(const char* fresh, size_t size, char* to,
                   uint32_t* could) const;
  Fresh CountLines() const;

  MemoryFile file_;
  void* pages_ = nullptr;
  Text* text_ = nullptr;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_SHOWN_IDS_H_
