"""Where the server's processor time goes under the load of life cycles: samples of linux-perf."""

import re
import shutil
import subprocess
import urllib.request

TOP = 40
SUBMIT = "/meridian.ingress.v1.IngressService/SubmitContact"
WARM_AFTER = 5000  # submissions: until then the profile would be of attaching and of cold caches


def report(samples, *options):
    done = subprocess.run(["perf", "report", "-i", samples, "--stdio", "-g", "none", *options], capture_output=True,
                          text=True, timeout=600)
    return [line.strip() for line in done.stdout.splitlines() if re.match(r"\s*\d+\.\d+%", line)]


def record(pid, seconds, samples, *options):
    subprocess.run(["perf", "record", "-q", "-p", str(pid), "-o", samples, *options, "--", "sleep", str(seconds)],
                   check=True, capture_output=True, timeout=seconds + 120)


def submissions(server):
    """How many the server has begun to serve."""
    asked = urllib.request.Request(server.addresses()["http"].rstrip("/") + "/metrics",
                                   headers={"Authorization": "Bearer " + server.service_token()})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        text = answer.read().decode()
    line = re.search(rf'^meridian_calls_started_total{{method="{re.escape(SUBMIT)}"}} (\S+)', text, re.MULTILINE)
    return float(line[1]) if line else 0


def profile(load, server, folder, agents, outstanding, seconds=5):
    """Samples while a closed loop runs: by thread, by library, by function, and what each of our functions includes."""
    if shutil.which("perf") is None:
        raise RuntimeError("perf is not installed (apt-get install linux-perf)")
    client = load.start("cycles", server, agents=agents, outstanding=outstanding, warm_up="3s",
                        duration=f"{3 * seconds + 5}s")
    server.await_(lambda: submissions(server) >= WARM_AFTER or client.poll() is not None, 120, "warm")
    if client.poll() is not None:
        raise RuntimeError(f"the load client ended with {client.returncode} before the server was warm")
    flat, deep = f"{folder}/flat.perf", f"{folder}/deep.perf"
    record(server.process.pid, seconds, flat, "-F", "999")
    record(server.process.pid, seconds, deep, "-F", "197", "--call-graph", "dwarf,16384")
    client.communicate(timeout=300)
    inclusive = [line for line in report(deep, "--children", "--sort", "symbol") if "meridian::" in line]
    return {"threads": report(flat, "--no-children", "--sort", "comm")[:TOP],
            "libraries": report(flat, "--no-children", "--sort", "dso")[:TOP],
            "functions": report(flat, "--no-children", "--sort", "dso,symbol")[:TOP],
            "our_functions_inclusive": inclusive[:TOP * 2]}
