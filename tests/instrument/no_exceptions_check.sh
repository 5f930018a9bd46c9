#!/usr/bin/env bash
# Every public header, and all that is instantiated from them, is accepted with
# -fno-exceptions, as std's <mutex> is.
#   no_exceptions_check.sh INCLUDE_FOLDER SOURCE COMPILE...
set -euo pipefail
include=$1 source=$2
shift 2
all=$(cd "$include" && printf '#include "%s"\n' lockcheck/*.h lockcheck/coroutine/*.h)
for disabled in "" -DLOCKCHECK_DISABLED; do
  "$@" $disabled -fno-exceptions -fsyntax-only -x c++ - <<<"$all"
  "$@" $disabled -fno-exceptions -fsyntax-only "$source"
done
