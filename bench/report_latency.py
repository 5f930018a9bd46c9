"""How long it takes from the request that closes a deadlock to the first line
of its report and to the last, with files and lines; medians, in milliseconds.

    report_latency.py PROGRAM COMMAND [RUNS]

PROGRAM is report_subject, COMMAND the lockcheck that reports for it.
"""

import os
import select
import statistics
import subprocess
import sys
import time

QUIET = 0.5  # seconds without output, after which a report is over


def run(program, command):
    """Returns when the first and the last output came, after the request."""
    options = f"mode=live:command={command}"
    with subprocess.Popen(
        [program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, LOCKCHECK_OPTIONS=options),
    ) as process:
        asked = first = last = None
        files = [process.stdout, process.stderr]
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            ready, _, _ = select.select(files, [], [], QUIET)
            now = time.monotonic()
            if not ready and last is not None:
                break
            for file in ready:
                if not os.read(file.fileno(), 1 << 16):
                    continue
                if file is process.stdout:
                    asked = now
                else:
                    first = first or now
                    last = now
        process.kill()
    if asked is None or last is None:
        sys.exit(f"report_latency: {program} reported no deadlock")
    return (first - asked) * 1e3, (last - asked) * 1e3


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    runs = int(sys.argv[3]) if len(sys.argv) == 4 else 15
    times = [run(sys.argv[1], sys.argv[2]) for _ in range(runs)]
    for name, values in zip(("first line", "whole report"), zip(*times)):
        print(
            f"{name:<14}{max(statistics.median(values), 0):>7.1f} ms"
            f"   (to {max(values):.1f})"
        )


if __name__ == "__main__":
    main()
