#!/usr/bin/env bash
# Runs a command with its locks recorded, then judges the log: what a test made by
# lockcheck_add_test() does.
#
#   record_and_judge.bash LOCKCHECK LOG_FOLDER [KEY=VALUE...] -- COMMAND [ARGUMENT...]
#
# Keys: options, fail-on, suppressions, baseline. The status is the command's own
# (128 + n for signal n) if it is not 0, else that of `lockcheck analyze`. The
# log's folder is emptied first.
set -uo pipefail

lockcheck=$1
logs=$2
shift 2
options=
judge=()
known=
# In LOCKCHECK_OPTIONS a colon ends a value.
escaped() {
  local path=${1//\\/\\\\}
  printf '%s' "${path//:/\\:}"
}
while [[ $1 != -- ]]; do
  key=${1%%=*}
  value=${1#*=}
  case $key in
    options) options=$value ;;
    fail-on) judge+=("--fail-on=$value") ;;
    # Programs with lockcheck/gtest.h judge themselves; they get the same files.
    suppressions | baseline)
      judge+=("--$key=$value")
      known+=:$key=$(escaped "$value")
      ;;
  esac
  shift
done
shift

rm -rf "$logs"
mkdir -p "$logs" || exit
log=$(escaped "$logs")
# A deadlock that happens is reported at that moment; without abort the test would
# hang until its time is up. What is said later counts more, but for the log.
LOCKCHECK_OPTIONS="on_deadlock=abort${LOCKCHECK_OPTIONS:+:$LOCKCHECK_OPTIONS}$known"
LOCKCHECK_OPTIONS+="${options:+:$options}:log=${log//%/%%}/%e.%p.log"
export LOCKCHECK_OPTIONS
unset LOCKCHECK_RECORDING # or it would join the recording of who runs the test
"$@"
status=$?

"$lockcheck" analyze "$logs" --color=never ${judge[@]+"${judge[@]}"}
judged=$?
[[ $status -eq 0 ]] || {
  echo "lockcheck_add_test: the command ended with status $status" >&2
  exit "$status"
}
exit "$judged"
