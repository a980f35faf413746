"""Where the processor time of a region's processes goes under the load of life cycles: samples of linux-perf."""

import re
import subprocess

from readings import table

THREADS = 6  # shown of a kind
FUNCTIONS = 25


def record(pids, seconds, samples):
    every = ",".join(str(pid) for each in pids.values() for pid in each)
    subprocess.run(["perf", "record", "-q", "-F", "499", "-p", every, "-o", samples, "--", "sleep", str(seconds)], check=True,
                   capture_output=True, timeout=seconds + 120)


def shares(samples, sort, pids=()):
    """(name, samples) by `sort`, of these processes alone where some are named."""
    only = ["--pid", ",".join(map(str, pids))] if pids else []
    done = subprocess.run(["perf", "report", "-i", samples, "--stdio", "-g", "none", "--no-children", "-n", "--sort", sort, *only],
                          capture_output=True, text=True, timeout=600)
    found = (re.match(r"\s*\d+\.\d+%\s+(\d+)\s+(.+?)\s*$", line) for line in done.stdout.splitlines())
    return [(match[2], int(match[1])) for match in found if match]


def profile(load, system, folder, seconds, cpu, **options):
    """Tables, in µs per life cycle: a kind's samples share the processor time that /proc says (`cpu`: kind → µs)."""
    client = load.start("cycles", system, no_events=True, say_when=True, warm_up="3s", duration=f"{seconds + 3}s", **options)
    if client.stdout.readline().strip() != "begun":
        raise RuntimeError("the load client did not begin")
    samples, pids = f"{folder}/samples.perf", system.pids()
    record(pids, seconds, samples)
    client.communicate(timeout=120)
    rows, libraries = [], {}
    for kind, each in pids.items():
        threads = shares(samples, "comm", each)
        total = sum(count for _, count in threads)
        if total == 0 or cpu.get(kind, 0) < 1:
            continue
        scale = cpu[kind] / total
        shown = ", ".join(f"{name} {count * scale:.0f}" for name, count in threads[:THREADS] if count * scale >= 0.5)
        rows.append((kind, cpu[kind], shown))
        for name, count in shares(samples, "dso", each):
            libraries[name] = libraries.get(name, 0) + count * scale
    rows.sort(key=lambda row: -row[1])
    by_library = sorted(libraries.items(), key=lambda item: -item[1])
    total = sum(count for _, count in shares(samples, "comm"))
    functions = [(name, count / total * 100) for name, count in shares(samples, "dso,symbol")[:FUNCTIONS]]
    return ["| kind | µs | its threads |\n|---|---:|---|\n" + "\n".join(f"| {kind} | {us:.0f} | {shown} |" for kind, us, shown in rows),
            table("library", ["µs per life cycle"], [(name, [[us]]) for name, us in by_library if us >= 1]),
            table("function", ["% of samples"], [(f"`{name}`", [[share]]) for name, share in functions])]
