// A program that tells one of several stories, by its name as the argument.
#ifndef LOCKCHECK_TESTS_PROGRAMS_STORIES_H_
#define LOCKCHECK_TESTS_PROGRAMS_STORIES_H_

#include <cstring>
#include <span>

struct Story {
  const char* name;
  void (*tell)();
};

// The program's exit status.
inline int TellStory(std::span<const Story> stories, int argc, char** argv) {
  if (argc != 2) return 2;
  for (const Story& story : stories) {
    if (std::strcmp(story.name, argv[1]) != 0) continue;
    story.tell();
    return 0;
  }
  return 2;
}

#endif  // LOCKCHECK_TESTS_PROGRAMS_STORIES_H_
