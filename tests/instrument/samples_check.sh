#!/usr/bin/env bash
# Each of these programs is accepted. What they all include is read once.
#   samples_check.sh INCLUDE_FOLDER PROGRAM... -- COMPILE...
set -euo pipefail
include=$1
shift
programs=()
while [[ $1 != -- ]]; do
  programs+=("$1")
  shift
done
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$@" -x c++-header "$include/lockcheck/lockcheck.h" -o "$folder/lockcheck.pch"
"$@" -include-pch "$folder/lockcheck.pch" -fsyntax-only "${programs[@]}"
