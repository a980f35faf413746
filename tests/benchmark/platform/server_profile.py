"""Where the server's processor time goes under the load of life cycles: samples of linux-perf."""

import re
import shutil
import subprocess
import time

TOP = 40


def report(samples, *options):
    done = subprocess.run(["perf", "report", "-i", samples, "--stdio", "-g", "none", *options], capture_output=True,
                          text=True, timeout=600)
    return [line.strip() for line in done.stdout.splitlines() if re.match(r"\s*\d+\.\d+%", line)]


def record(pid, seconds, samples, *options):
    subprocess.run(["perf", "record", "-q", "-p", str(pid), "-o", samples, *options, "--", "sleep", str(seconds)],
                   check=True, capture_output=True, timeout=seconds + 120)


def profile(load, server, folder, agents, outstanding, seconds=5):
    """Samples while a closed loop runs: by thread, by library, by function, and what each of our functions includes."""
    if shutil.which("perf") is None:
        raise RuntimeError("perf is not installed (apt-get install linux-perf)")
    client = load.start("cycles", server, agents=agents, outstanding=outstanding, warm_up="3s",
                        duration=f"{3 * seconds + 5}s")
    time.sleep(4)  # lint: allow sleep: attached and warm by then, or the profile is of that
    flat, deep = f"{folder}/flat.perf", f"{folder}/deep.perf"
    record(server.process.pid, seconds, flat, "-F", "999")
    record(server.process.pid, seconds, deep, "-F", "197", "--call-graph", "dwarf,16384")
    client.communicate(timeout=300)
    inclusive = [line for line in report(deep, "--children", "--sort", "symbol") if "meridian::" in line]
    return {"threads": report(flat, "--no-children", "--sort", "tid")[:TOP],
            "libraries": report(flat, "--no-children", "--sort", "dso")[:TOP],
            "functions": report(flat, "--no-children", "--sort", "dso,symbol")[:TOP],
            "our_functions_inclusive": inclusive[:TOP * 2]}
