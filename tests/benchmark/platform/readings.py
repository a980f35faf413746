"""What the kernel, Redis and Kafka have counted: read when measuring begins and ends, and compared."""

import os
import pathlib
import statistics
import subprocess


def cpu_seconds(pid):
    """Processor time of a process since its start; the kernel counts in steps of 10 ms."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_by_kind(pids):
    """`pids`: kind → processes."""
    return {kind: sum(map(cpu_seconds, each)) for kind, each in pids.items()}


def redis_counters(ask):
    """What a Redis server has counted since its start; `ask`: a command → its answer, as redis-cli prints it."""
    found = {}
    for section in ("stats", "cpu", "commandstats", "persistence"):
        for line in ask("INFO", section).splitlines():
            name, _, value = line.partition(":")
            found[name] = value
    calls = {name.removeprefix("cmdstat_").split("|")[0]: 0 for name in found if name.startswith("cmdstat_")}
    for name, value in found.items():
        if name.startswith("cmdstat_"):
            calls[name.removeprefix("cmdstat_").split("|")[0]] += int(value.split("calls=")[1].split(",")[0])
    replicated = int(found["total_net_repl_output_bytes"])
    return {"commands": int(found["total_commands_processed"]),
            "fcall": calls.get("fcall", 0) + calls.get("fcall_ro", 0), "wait": calls.get("wait", 0),
            # A replica answers on a connection of its own.
            "reads": int(found["total_reads_processed"]) - calls.get("replconf", 0),
            "in": int(found["total_net_input_bytes"]), "out": int(found["total_net_output_bytes"]) - replicated, "replicated": replicated,
            "aof": int(found.get("aof_current_size", 0)),
            "cpu": float(found["used_cpu_sys"]) + float(found["used_cpu_user"])}


def topics_bytes(folder):
    """Of all that a broker keeps of Meridian's topics."""
    return sum(log.stat().st_size for log in pathlib.Path(folder).glob("meridian.*/*.log"))


class Syncs:
    """Counts a process's fsync and fdatasync for so many seconds from now on, in the kernel (linux-perf, root)."""

    EVENTS = ("syscalls:sys_enter_fdatasync", "syscalls:sys_enter_fsync")

    def __init__(self, pid, seconds):
        self._seconds = seconds
        self._process = subprocess.Popen(["perf", "stat", "-x", ",", "-e", ",".join(self.EVENTS), "-p", str(pid), "--", "sleep",
                                          str(seconds)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def per_second(self):
        lines = [line.split(",") for line in self._process.communicate(timeout=60)[1].splitlines()]
        counts = [int(line[0]) for line in lines if len(line) > 2 and line[2].startswith("syscalls:")]
        if len(counts) != len(self.EVENTS):
            raise RuntimeError(f"perf stat did not count: {lines}")
        return sum(counts) / self._seconds


def less(after, before):
    """The difference, number by number, of two readings of one shape."""
    if isinstance(after, dict):
        return {name: less(value, before[name]) for name, value in after.items() if name in before}
    return after - before


def cell(values, digits=3):
    """Median and range, for a table."""
    values = [value for value in values if value is not None]
    if not values:
        return ""
    middle, low, high = (f"{value:,.0f}" if abs(value) >= 100 else f"{value:.{digits}g}"
                         for value in (statistics.median(values), min(values), max(values)))
    return middle if low == high else f"{middle} ({low} – {high})"


def table(first, columns, rows):
    """Markdown. `rows`: (title, one list of values for each column)."""
    lines = [f"| {first} | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    lines += [f"| {title} | " + " | ".join(map(cell, values)) + " |" for title, values in rows
              if any(value is not None for each in values for value in each)]
    return "\n".join(lines)
