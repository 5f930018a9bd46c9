"""Prints a Markdown table of ratios from Google Benchmark's JSON files.

    bench_table.py LOCKCHECK.json [MORE.json...] [--peers PEER.json...]

Rows are named BM_<row>/<variant>[/modifiers]; the variant `std` is the plain twin
that everything in the row is divided by. Each of our files is one process, which
measured std too: a ratio is taken per repetition, because only times from one
moment of one machine compare, and the median of the ratios is shown. The column
of std's times is that of the first file with the row. A peer's file holds std rows
measured in another process; the ratio is that of the median and that column's, and
its own column has the file's name.
"""

import json
import os
import statistics
import sys


def read(path):
    """{(row, variant): {repetition: ns}} of one file."""
    with open(path, encoding="utf-8") as file:
        benchmarks = json.load(file)["benchmarks"]
    # Repetitions run in random order; the table has the order of the source file.
    benchmarks.sort(key=lambda entry: (entry.get("family_index", 0),
                                       entry.get("per_family_instance_index", 0)))
    times = {}
    for entry in benchmarks:
        if entry.get("run_type", "iteration") != "iteration":
            continue
        if entry.get("error_occurred"):
            sys.exit(f"bench_table: {path}: {entry['name']} failed: "
                     f"{entry.get('error_message', 'no reason given')}")
        parts = entry.get("run_name", entry["name"]).split("/")
        if len(parts) < 2:
            sys.exit(f"bench_table: {path}: '{entry['name']}' is not named "
                     "BM_<row>/<variant>; rename the benchmark.")
        clocks = ("real_time", "manual_time", "process_time")
        row = "/".join([parts[0].removeprefix("BM_")] +
                       [part for part in parts[2:]
                        if part not in clocks and not part.startswith("iterations:")])
        # Several threads share the work: what counts is the time on the wall.
        # One thread is alone: its CPU time leaves out what others took.
        wall = entry.get("threads", 1) > 1 or "real_time" in parts or "manual_time" in parts
        unit = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[entry["time_unit"]]
        ns = entry["real_time" if wall else "cpu_time"] * unit
        repetitions = times.setdefault((row, parts[1]), {})
        repetitions[entry.get("repetition_index", 0)] = ns
    return times


def median(repetitions):
    return statistics.median(repetitions.values())


def ratio_in_one_run(variant, twin):
    return statistics.median(
        variant[index] / twin[index] for index in variant if twin.get(index))


def shown(ratio):
    if ratio is None:
        return "–"
    return f"{ratio:.2f}×" if ratio < 10 else f"{ratio:,.0f}×"


def ratios(files):
    """{variant: {row: ratio to std}}, in the order of the files."""
    columns = {}
    for file in files:
        for (row, variant), times in file.items():
            if variant != "std" and (row, "std") in file:
                ratio = ratio_in_one_run(times, file[row, "std"])
                columns.setdefault(variant, {})[row] = ratio
    return columns


def table(files, peers):
    columns = ratios(files)
    twins = {}
    for file in files:
        for (row, variant), times in file.items():
            if variant == "std":
                twins.setdefault(row, median(times))
    for name, file in peers.items():
        columns[name] = {row: median(times) / twins[row]
                         for (row, variant), times in file.items()
                         if variant == "std" and row in twins}
    rows = dict.fromkeys(row for file in files for row, _ in file)
    yield ["row", "std, ns"] + list(columns)
    for row in rows:
        twin = twins.get(row)
        yield ([row, f"{twin:,.1f}" if twin else "–"] +
               [shown(column.get(row)) for column in columns.values()])


def main(arguments):
    at = arguments.index("--peers") if "--peers" in arguments else len(arguments)
    own, peers = arguments[:at], arguments[at + 1:]
    if not own:
        sys.exit("usage: bench_table.py LOCKCHECK.json [MORE.json...] [--peers PEER.json...]")
    files = [read(path) for path in own]
    if not any(files):
        sys.exit(f"bench_table: {own[0]} holds no benchmark; is the filter right?")
    lines = list(table(files, {os.path.splitext(os.path.basename(path))[0]: read(path)
                               for path in peers}))
    print("| " + " | ".join(lines[0]) + " |")
    print("|---" + "|---:" * (len(lines[0]) - 1) + "|")
    for line in lines[1:]:
        print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
