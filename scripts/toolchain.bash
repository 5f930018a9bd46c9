# Sourced by the scripts beside it: finds the tools and configures a preset.
# shellcheck shell=bash

# Debian's clang-14 package installs clang++-14; its clang package, clang++.
# find_tool NAME...: prints the first of the names that is a command.
find_tool() {
  local name
  for name in "$@"; do
    if command -v "$name"; then return 0; fi
  done
  echo "None of these commands is installed: $*. Run scripts/install-packages." >&2
  return 1
}
find_clang() { find_tool clang++-14 clang++; }

heading() { printf '\n==== %s ====\n' "$*"; }

jobs=${LOCKCHECK_JOBS:-$(nproc)}

# configure PRESET [cmake arguments]: quiet, unless it fails.
configure() {
  local preset=$1 output
  shift
  if command -v ccache >/dev/null; then set -- -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"; fi
  if ! output=$(cmake --preset "$preset" "$@" 2>&1); then
    printf '%s\n' "$output" >&2
    echo "Configuring the preset '$preset' failed, see above." >&2
    return 1
  fi
}

# build PRESET TARGET...
build() {
  local preset=$1
  shift
  cmake --build --preset "$preset" -j "$jobs" --target "$@"
}

# The sanitizers of g++ 12 and clang 14 map fixed addresses that a kernel with
# much address randomization gives to something else. ThreadSanitizer then stops
# with "unexpected memory mapping", AddressSanitizer now and then crashes.
# A container that forbids personality(2) gets the plain run.
without_randomization() {
  if setarch --addr-no-randomize true 2>/dev/null; then
    setarch --addr-no-randomize "$@"
  else
    "$@"
  fi
}
