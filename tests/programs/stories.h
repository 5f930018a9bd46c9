// A program that tells the one of its stories that its argument names; without
// an argument it says which ones there are, one a line.
#ifndef LOCKCHECK_TESTS_PROGRAMS_STORIES_H_
#define LOCKCHECK_TESTS_PROGRAMS_STORIES_H_

#include <cstddef>
#include <cstdio>
#include <cstring>

struct Story {
  const char* name;
  void (*tell)();
};

// What main() returns.
template <size_t n>
int TellOneOf(const Story (&stories)[n], int argc, char** argv) {
  for (const Story& story : stories) {
    if (argc == 1) std::puts(story.name);
    if (argc != 2 || std::strcmp(story.name, argv[1]) != 0) continue;
    story.tell();
    return 0;
  }
  return argc == 1 ? 0 : 2;
}

#endif  // LOCKCHECK_TESTS_PROGRAMS_STORIES_H_
