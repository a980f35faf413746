"""Where the processor time of a region's processes goes under the load of life cycles: samples of linux-perf."""

import os
import subprocess
from collections import Counter

from readings import table

SHOWN = 7  # threads and libraries of a kind
FUNCTIONS = 70


def record(pids, seconds, samples):
    every = ",".join(str(pid) for each in pids.values() for pid in each)
    subprocess.run(["perf", "record", "-q", "-F", "499", "-p", every, "-o", samples, "--", "sleep", str(seconds)], check=True,
                   capture_output=True, timeout=seconds + 120)


def counted(samples):
    """[(thread, its name, library, function, samples)]; what perf calls a pid is the thread's."""
    done = subprocess.run(["perf", "report", "-i", samples, "--stdio", "-g", "none", "--no-children", "-n", "-t", "|", "--sort",
                           "pid,comm,dso,symbol"], capture_output=True, text=True, timeout=600)
    rows = ([field.strip() for field in line.split("|")] for line in done.stdout.splitlines() if line.count("|") >= 5)
    return [(int(row[2].split(":")[0]), row[3], row[4], row[5].removeprefix("[.] ").removeprefix("[k] "), int(row[1]))
            for row in rows if row[1].isdigit()]


def first(counter):
    return ", ".join(f"{name} {us:.0f}" for name, us in counter.most_common(SHOWN) if us >= 1)


def profile(load, system, folder, seconds, cpu, **options):
    """Tables, in µs per life cycle: a kind's samples share the processor time that /proc says (`cpu`: kind → µs)."""
    client = load.start("cycles", system, no_events=True, say_when=True, warm_up="3s", duration=f"{seconds + 3}s", **options)
    if client.stdout.readline().strip() != "begun":
        raise RuntimeError("the load client did not begin")
    samples, pids = f"{folder}/samples.perf", system.pids()
    threads_of = {kind: {int(thread) for pid in each for thread in os.listdir(f"/proc/{pid}/task")} for kind, each in pids.items()}
    record(pids, seconds, samples)
    client.communicate(timeout=120)
    found, rows, libraries, functions = counted(samples), [], Counter(), Counter()
    for kind, each in threads_of.items():
        mine = [row for row in found if row[0] in each]
        total = sum(row[-1] for row in mine)
        if total == 0 or cpu.get(kind, 0) < 1:
            continue
        threads, mine_by_library, scale = Counter(), Counter(), cpu[kind] / total
        for _, thread, library, function, count in mine:
            threads[thread] += count * scale
            mine_by_library[library] += count * scale
            functions[f"{function} ({kind if library in (kind, '[kernel.kallsyms]') else library})"] += count * scale
        libraries.update(mine_by_library)
        rows.append((kind, cpu[kind], first(threads), first(mine_by_library)))
    rows.sort(key=lambda row: -row[1])
    return ["| kind | µs | its threads | its libraries |\n|---|---:|---|---|\n" +
            "\n".join(f"| {kind} | {us:.0f} | {threads} | {its_libraries} |" for kind, us, threads, its_libraries in rows),
            table("library", ["µs per life cycle"], [(name, [[us]]) for name, us in libraries.most_common() if us >= 2]),
            table("function", ["µs per life cycle"], [(f"`{name[:90]}`", [[us]]) for name, us in functions.most_common(FUNCTIONS)])]
