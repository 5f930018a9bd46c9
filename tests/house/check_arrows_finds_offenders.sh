#!/usr/bin/env bash
# A rule that never fails proves nothing: builds a small tree that keeps every
# rule, then breaks one rule at a time and expects exactly that rule to object.
#
#   check_arrows_finds_offenders.sh [RULE...]     default: every rule but format
set -euo pipefail
check=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/check_arrows.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

clean_tree() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/lib/{model,log,graph,analysis} "$tree/instrument/include/lockcheck" "$tree/tools"
  write lib/log/reader.h '#include "lib/model/primitives.h"'
  write lib/graph/order.h '#include <boost/graph/graph_traits.hpp>'
  write instrument/include/lockcheck/mutex.h '#include <atomic>'
  write instrument/writing.cc '#include "lib/log/writer.h"'
}
write() { printf '%s\n' "$2" >"$tree/$1"; }

# breaks RULE FILE LINE: the line in that file is an offence against the rule.
breaks() {
  local rule=$1 other
  clean_tree
  for other in "${rules[@]}"; do
    "$check" "$tree" "$other" >/dev/null || complain "$other objects to a clean tree"
  done
  write "$2" "$3"
  if "$check" "$tree" "$rule" >/dev/null; then complain "$rule accepts '$3' in $2"; fi
}
complain() {
  echo "check_arrows.sh: $*"
  failures=$((failures + 1))
}

rules=("$@")
[[ ${#rules[@]} -gt 0 ]] ||
  rules=(rooms instrument boost_graph public_headers machine_paths notes_to_self)

breaks rooms lib/model/up.h '#include "lib/log/format.h"'
breaks rooms lib/log/up.h '#include "lib/analysis/findings.h"'
breaks rooms lib/graph/side.h '#include "lib/report/report.h"'
breaks rooms instrument/runtime.cc '#include "lib/analysis/findings.h"'
breaks rooms instrument/runtime.cc '#include "lib/log/recording.h"'
breaks rooms instrument/runtime.cc '#include "lib/log/writer.h.h"'
breaks rooms instrument/runtime.cc '#include "lib/graph/wait_for.h"'
breaks rooms tools/main.cc '#include "tests/log/log_builder.h"'
breaks instrument lib/log/live.h '#include <lockcheck/mutex.h>'
breaks instrument lib/log/live.h '#include "instrument/runtime/recorder.h"'
breaks boost_graph lib/analysis/cycles.cc '#include <boost/graph/strong_components.hpp>'
breaks public_headers instrument/include/lockcheck/a.h '#include "absl/strings/string_view.h"'
breaks public_headers instrument/include/lockcheck/a.h 'void Take(absl::string_view name);'
breaks public_headers instrument/include/lockcheck/a.h '#include "lib/log/format.h"'
breaks machine_paths lib/log/path.h "// see $tree/lib"
breaks machine_paths lib/log/path.h '// see /roo''t/notes'
breaks notes_to_self lib/log/later.h '// TOD''O: later'

[[ $failures -eq 0 ]]
