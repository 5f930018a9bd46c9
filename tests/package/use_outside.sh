#!/usr/bin/env bash
# Installs lockcheck, or builds and runs the project in outside/ against it.
#
#   use_outside.sh install        BUILD_DIR PREFIX       installs into PREFIX
#   use_outside.sh not_built      WORK_DIR SOURCE CXX    installs what was never built
#   use_outside.sh find_package   WORK_DIR PREFIX CXX    finds the installed package
#   use_outside.sh gtest_main     WORK_DIR PREFIX CXX    tests with the installed gtest_main
#   use_outside.sh add_test       WORK_DIR PREFIX CXX    tests made by lockcheck_add_test()
#   use_outside.sh add_subdirectory WORK_DIR SOURCE CXX  carries the source tree
#   use_outside.sh add_test_in_tree WORK_DIR LOCKCHECK   then, tests made by lockcheck_add_test()
#   use_outside.sh pkg_config     WORK_DIR PREFIX CXX    one compiler command, no CMake
#   use_outside.sh command        WORK_DIR PREFIX        runs the installed command
set -euo pipefail
outside=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/outside

fail() {
  echo "use_outside.sh: $*" >&2
  exit 1
}

# The program does its work, and leaves a lockcheck log if asked for one.
check_program() {
  local program=$1 log=$2/outside.log
  rm -f "$log"
  LOCKCHECK_OPTIONS=log=$log "$program" || fail "$program ended with status $?"
  [[ -e $log ]] || fail "$program left no log at $log"
  printf 'LOCKCHK\n' | cmp -n 8 - "$log" || fail "$log does not start with a log's magic"
}

# Builds and runs the outside project; the rest are further CMake arguments.
check_cmake_project() {
  local work=$1 cxx=$2
  shift 2
  cmake -G Ninja -S "$outside" -B "$work" \
    -DCMAKE_CXX_COMPILER="$cxx" "$@"
  cmake --build "$work" --target outside
  check_program "$work/outside" "$work"
}

# A deadlock that can happen fails its test and no other. What the analyzer is
# made of is not to be looked for in the outside project.
check_gtest_main() {
  local work=$1 prefix=$2 cxx=$3 package hidden=() said
  for package in absl Boost fmt nlohmann_json CLI11; do
    hidden+=("-DCMAKE_DISABLE_FIND_PACKAGE_$package=ON")
  done
  cmake -G Ninja -S "$outside" -B "$work" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$prefix" -DCOMPONENTS=gtest -DWATCHED_TEST=ON "${hidden[@]}"
  cmake --build "$work" --target watched_test
  "$work/watched_test" --gtest_filter=Outside.OneOrder || fail "Outside.OneOrder failed"
  if said=$("$work/watched_test"); then fail "Outside.BothOrders passed: $said"; fi
  [[ $said == *"CONFIRMED DEADLOCK"*watched_test.cc:*"[  FAILED  ] Outside.BothOrders"* ]] ||
    fail "no report of Outside.BothOrders: $said"
  [[ $said == *"[       OK ] Outside.OneOrder"* ]] || fail "Outside.OneOrder failed: $said"
}

# Each test ends as it should, and for the right reason. The project is configured.
check_recorded_tests() {
  local work=$1 lockcheck=$2 said
  cmake --build "$work" --target outside both_orders locks_up
  LOCKCHECK_OPTIONS=log=$work/baseline.log "$work/both_orders"
  "$lockcheck" analyze "$work/baseline.log" --write-baseline "$work/known.ids" \
    --error-exitcode 0 >"$work/baseline.txt"
  said=$(cd "$work" && ctest --timeout 60 -V) || fail "a test did not end as it should: $said"
  [[ $(cd "$work" && ctest -V -R '^fails$') == *"[1] CONFIRMED DEADLOCK"* ]] ||
    fail "no report of the test that fails: $said"
  [[ $(cd "$work" && ctest -V -R '^locks_up$') == *"[1] ACTUAL DEADLOCK"* ]] ||
    fail "no report of the test that locks up: $said"
  [[ $said =~ own/status\ \.+\*\*\*Skipped ]] || fail "status 7 was lost: $said"
  [[ $said == *"1 in the baseline"* ]] || fail "the baseline was not read: $said"
  [[ $said == *"--all shows 1 suppressed"* ]] || fail "the suppressions were not read: $said"
  [[ -n $(find "$work/lockcheck/own_status" -name 'both_orders.*.log') ]] ||
    fail "no log at $work/lockcheck/own_status"
}

check_add_test() {
  local work=$1 prefix=$2 cxx=$3
  cmake -G Ninja -S "$outside" -B "$work" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$prefix" -DRECORDED_TESTS=ON
  check_recorded_tests "$work" "$prefix/bin/lockcheck"
}

# With the sources in its tree a project has no command, unless it builds one or
# names one. What it would build is only asked for by its path: the tree's own
# tests have built it once.
check_add_test_in_tree() {
  local work=$1 lockcheck=$2 said
  # Empty, or an installed one would be found.
  if said=$(cmake -DRECORDED_TESTS=ON -DLOCKCHECK_COMMAND= "$work" 2>&1 | tr -s ' \n' ' '); then
    fail "there is no command, and nothing is said: $said"
  fi
  [[ $said == *"there is no lockcheck command to judge with"* ]] || fail "said instead of the mend: $said"

  cmake -DLOCKCHECK_BUILD_TOOLS=ON "$work"
  said=$(cd "$work" && ctest -R '^passes$' --show-only=json-v1)
  [[ $said == *"\"$work/lockcheck/tools/lockcheck/lockcheck\""* ]] ||
    fail "the command that the tree builds does not judge: $said"

  cmake -DLOCKCHECK_BUILD_TOOLS=OFF -DLOCKCHECK_COMMAND="$lockcheck" "$work"
  check_recorded_tests "$work" "$lockcheck"
}

# Nothing is installed, and the command that is named builds what is missing.
check_not_built() {
  local work=$1 source=$2 cxx=$3 said first
  cmake -G Ninja -S "$source" -B "$work/build" -DCMAKE_CXX_COMPILER="$cxx" \
    -DLOCKCHECK_BUILD_TESTS=OFF -DLOCKCHECK_BUILD_BENCH=OFF -DLOCKCHECK_BUILD_SAMPLES=OFF
  if said=$(cmake --install "$work/build" --prefix "$work/prefix" 2>&1); then
    fail "it installed what was not built: $said"
  fi
  [[ ! -e $work/prefix ]] || fail "it installed a part: $(find "$work/prefix" -type f)"
  first=$(tr -s ' \n' ' ' <<<"$said" | grep -o 'cmake --build .* --target [a-z_ ]*') ||
    fail "it does not say what to build: $said"
  [[ $first == *" $work/build "*" lockcheck "* ]] || fail "it says to build: $first"
}

how=$1
work=$2
if [[ $how == install ]]; then
  rm -rf "$3"
  cmake --install "$work" --prefix "$3"
  exit
fi

if [[ $how == add_test_in_tree ]]; then
  check_add_test_in_tree "$work" "$3"
  exit
fi

rm -rf "$work"
mkdir -p "$work"
case $how in
  not_built) check_not_built "$work" "$3" "$4" ;;
  find_package) check_cmake_project "$work" "$4" -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$3" ;;
  add_test) check_add_test "$work" "$3" "$4" ;;
  gtest_main) check_gtest_main "$work" "$3" "$4" ;;
  add_subdirectory) check_cmake_project "$work" "$4" -DCMAKE_BUILD_TYPE=Debug -DLOCKCHECK_SOURCE="$3" ;;
  pkg_config)
    config=$(find "$3" -name lockcheck.pc -print -quit)
    [[ -n $config ]] || fail "no lockcheck.pc under $3"
    read -r -a flags < <(PKG_CONFIG_PATH=$(dirname "$config") pkg-config --cflags --libs lockcheck)
    "$4" -std=c++20 "$outside/main.cc" -o "$work/outside" "${flags[@]}"
    check_program "$work/outside" "$work"
    ;;
  command)
    help=$("$3/bin/lockcheck" --help)
    [[ $help == *analyze* ]] || fail "bin/lockcheck --help does not mention analyze"
    ;;
  *) fail "unknown way to use the package: $how" ;;
esac
