#!/usr/bin/env bash
# A program built with -fsanitize=thread and a lockcheck that was not: no race
# is reported where locks prevent it, and one is where they do not; and SIGTERM
# ends one that hangs.
#
#   tsan_check.sh SOURCE LIBRARY COMPILER [FLAGS...]
set -euo pipefail
source=$1 library=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$@" -O1 -g -fsanitize=thread "$source" "$library" -pthread -o "$work/program"

# A race is not reported if the history of the other access is gone.
export TSAN_OPTIONS=history_size=7
# The sanitizers of these compilers do not like much address randomization.
for options in mode=off "log=$work/log" "log=$work/log:timing=full"; do
  if ! LOCKCHECK_OPTIONS=$options setarch -R "$work/program" >"$work/said" 2>&1; then
    cat "$work/said"
    echo "with $options: the guarded program did not end well"
    exit 1
  fi
  if grep -q 'WARNING: ThreadSanitizer' "$work/said"; then
    cat "$work/said"
    echo "with $options: a race where there is none"
    exit 1
  fi
  for race in race race_of_readers; do
    if LOCKCHECK_OPTIONS=$options setarch -R "$work/program" $race >"$work/said" 2>&1 ||
      ! grep -q 'WARNING: ThreadSanitizer: data race' "$work/said"; then
      cat "$work/said"
      echo "with $options: the $race was not reported"
      exit 1
    fi
  done
  status=0
  LOCKCHECK_OPTIONS=$options timeout --preserve-status --kill-after=30 1 \
    setarch -R "$work/program" hang >"$work/said" 2>&1 || status=$?
  if [[ $status -ne $((128 + 15)) ]]; then
    cat "$work/said"
    echo "with $options: SIGTERM did not end the program that hangs: $status"
    exit 1
  fi
done
