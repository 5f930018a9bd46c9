// --write-seeds=FOLDER, for every fuzzer: files to begin with, and no run.
#ifndef LOCKCHECK_TESTS_FUZZ_WRITE_SEEDS_H_
#define LOCKCHECK_TESTS_FUZZ_WRITE_SEEDS_H_

#include <cstdlib>
#include <string>

namespace lockcheck::testing {

// `write` gets the folder. Ends the program if that was asked for.
template <typename Write>
void WriteSeedsIfAsked(int argc, char** argv, const Write& write) {
  const std::string flag = "--write-seeds=";
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.rfind(flag, 0) != 0) continue;
    write(argument.substr(flag.size()));
    std::exit(0);
  }
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_FUZZ_WRITE_SEEDS_H_
