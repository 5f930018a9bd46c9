#!/usr/bin/env bash
# Holds the tree to docs/architecture.md: prints each offending line and ends
# with status 1 if there is one.
#
#   check_arrows.sh ROOT [RULE...]      default: every rule
#
# Rules: rooms, instrument, boost_graph, public_headers, machine_paths,
#        notes_to_self, format
set -euo pipefail

root=$(cd "$1" && pwd)
shift
cd "$root"

offences=0

# offence_lines SENTENCE: reads offending lines from stdin.
offence_lines() {
  local lines
  lines=$(cat)
  [[ -n $lines ]] || return 0
  offences=$((offences + 1))
  printf '%s\n%s\n\n' "$1" "$lines"
}

# Lines of C++ files in the folders $2... that match the expression $1.
in_code() {
  local expression=$1 folder folders=()
  shift
  for folder in "$@"; do
    if [[ -d $folder ]]; then folders+=("$folder"); fi
  done
  [[ ${#folders[@]} -gt 0 ]] || return 0
  grep -rnE --include='*.h' --include='*.cc' -e "$expression" "${folders[@]}" || true
}

# Every file of ours, whatever it is written in; build trees are not ours.
our_files() {
  find . \( -name .git -o -name .cache -o -path './build*' -type d \) -prune -o -type f -print0
}

# A room includes itself and the rooms its arrow comes from, no other.
check_rooms() {
  local room allowed
  while read -r room allowed; do
    in_code '^ *# *include *["<]lib/' "lib/$room" |
      { grep -vE "[\"<]lib/($allowed)/" || true; } |
      offence_lines "lib/$room may include only lib/($allowed):"
  done <<'ROOMS'
model model
log model|log
graph model|log|graph
analysis model|log|graph|analysis
symbolize model|log|symbolize
report model|log|graph|analysis|symbolize|report
ROOMS
  in_code '^ *# *include *["<]tools/' lib instrument |
    offence_lines "lib and instrument include nothing from tools:"
  in_code '^ *# *include *["<](tests|samples|bench)/' lib instrument tools |
    offence_lines "lib, instrument and tools include nothing from tests, samples or bench:"
  in_code '^ *# *include *["<]lib/' instrument |
    { grep -vE '["<]lib/(model/|log/(format|writer)\.h[">])' || true; } |
    offence_lines "instrument may include only lib/model, lib/log/format.h and lib/log/writer.h:"
}

check_instrument() {
  in_code '^ *# *include *["<](instrument|lockcheck)/' lib |
    offence_lines "lib knows no live lock, so it never includes instrument:"
}

check_boost_graph() {
  in_code '^ *# *include *["<]boost/(graph|property_map)/' lib instrument tools tests samples bench |
    { grep -vE '^(lib|tests)/graph/' || true; } |
    offence_lines "Boost.Graph lives in lib/graph and nowhere else:"
}

check_public_headers() {
  in_code '(^ *# *include *["<](absl|boost|fmt|nlohmann|lib)/)|\b(absl|boost)::' instrument/include |
    { grep -vE '/lockcheck/(coroutine/asio|internal/asio_[a-z_]+)\.h:[0-9]+:.*\bboost\b' || true; } |
    offence_lines "A public header includes <lockcheck/...> and the standard library only, and shows no Abseil or Boost type, but for the front end to Boost.Asio (coroutine/asio.h):"
}

# Where this clone lies, and directories that only one machine has.
check_machine_paths() {
  our_files | xargs -0 -r grep -nIHE -e '(^|[^A-Za-z0-9_.-])/(roo[t]|wor[k])/' -e '/tmp/lc[b]' |
    offence_lines "A path of one machine is of no use on another:"
  our_files | xargs -0 -r grep -nIHF -e "$root/" |
    offence_lines "The path of this clone is of no use in another:"
}

check_notes_to_self() {
  our_files | xargs -0 -r grep -nIHwE -e 'TOD[O]|FIXM[E]|XX[X]' |
    offence_lines "What is not finished belongs in an issue, not in the tree:"
}

check_format() {
  local clang_format
  clang_format=$(command -v clang-format-14 || command -v clang-format) || {
    echo "clang-format is not installed; run scripts/install-packages." >&2
    exit 2
  }
  # Not --dry-run: clang-format 14 objects to namespace comments that it leaves
  # as they are.
  find . \( -name .git -o -path './build*' -type d \) -prune -o \( -name '*.h' -o -name '*.cc' \) -print0 |
    xargs -0 -r -n 16 -P "$(nproc)" bash -c '
      for file in "${@:2}"; do "$1" "$file" | cmp -s - "$file" || printf "%s\n" "$file"; done
    ' each "$clang_format" | sort |
    offence_lines "Not formatted; run clang-format -i on:"
}

rules=("$@")
[[ ${#rules[@]} -gt 0 ]] ||
  rules=(rooms instrument boost_graph public_headers machine_paths notes_to_self format)
# The last command of a pipe runs here, so that it can count; a grep that finds
# nothing is no failure.
shopt -s lastpipe
set +e +o pipefail
for rule in "${rules[@]}"; do
  if ! declare -F "check_$rule" >/dev/null; then
    echo "check_arrows.sh: unknown rule '$rule'." >&2
    exit 2
  fi
  "check_$rule"
done
[[ $offences -eq 0 ]]
