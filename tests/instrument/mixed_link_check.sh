#!/usr/bin/env bash
# Objects with and without LOCKCHECK_DISABLED must not link: a lock would be of
# two sizes. The same objects of one kind must.
#   mixed_link_check.sh FOLDER LIBRARY COMPILE...
set -euo pipefail
folder=$1 library=$2
shift 2
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

for source in defines uses; do
  "$@" -c "$folder/$source.cc" -o "$out/$source.enabled.o"
  "$@" -DLOCKCHECK_DISABLED -c "$folder/$source.cc" -o "$out/$source.disabled.o"
done
for defines in enabled disabled; do
  for uses in enabled disabled; do
    expected=fails
    [[ $defines != "$uses" ]] || expected=links
    found=fails
    if "$1" ${LOCKCHECK_LINK_FLAGS:-} "$out/defines.$defines.o" "$out/uses.$uses.o" "$library" \
      -pthread -o "$out/program" 2>"$out/messages"; then
      found=links
    fi
    if [[ $found != "$expected" ]]; then
      echo "definition $defines, use $uses: $found, but should be: $expected" >&2
      cat "$out/messages" >&2
      exit 1
    fi
    if [[ $found == fails ]] && ! grep -q 'undefined reference to .*Guard' "$out/messages"; then
      cat "$out/messages" >&2
      exit 1
    fi
  done
done
