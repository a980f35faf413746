"""Kills the real process again and again while customers and agents work, and lets a checker that reads only what an
outsider can judge what is left."""

import json
import pathlib
import random
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "benchmark/platform"))
from standalone import Standalone  # noqa: E402

AGENTS = 64
SHORTEST_LIFE_S = 0.05
LONGEST_LIFE_S = 2.0


class Clients:
    """The customers, agents and the reader of events: one process that outlives the servers."""

    def __init__(self, build, server, journal, seed, log, customers=16):
        binary = pathlib.Path(build) / "tests/soak/soak_client"
        self.process = subprocess.Popen(
            [binary, "--data", server.data, "--journal", journal, "--agents", str(AGENTS), "--customers", str(customers),
             "--seed", str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        if self.process.stdout.readline().strip() != "running":
            raise RuntimeError("the clients did not start")

    def rest(self):
        """Customers begin no contact until they are told to go on."""
        self._say("rest")

    def go_on(self):
        self._say("go on")

    def _say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def finish(self, limit_s):
        """No new contacts; returns what the clients saw when all that was acknowledged has ended, or time was up, and
        whether they came to their end."""
        try:
            out, _ = self.process.communicate("finish\n", timeout=limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return {"acknowledged": 0, "never_ended": ["unknown: the clients did not come to their end"], "losses": 0}, False
        return json.loads(out), self.process.returncode == 0


def kill_again_and_again(server, repeats, dice):
    """Returns the seconds from each exec to addresses.json, and from all kills to it together."""
    ready = []
    away_s = 0.0
    for _ in range(repeats):
        life_s = dice.uniform(SHORTEST_LIFE_S, LONGEST_LIFE_S)
        end = time.monotonic() + life_s
        while time.monotonic() < end:
            time.sleep(0.005)  # lint: allow sleep: the moment of the kill is a matter of time alone
            if server.process.poll() is not None:
                raise RuntimeError(f"standalone ended by itself with {server.process.returncode}:\n{server.last_words()}")
        killed = time.monotonic()
        server.kill()
        ready.append(server.start())
        away_s += time.monotonic() - killed
    return ready, away_s


def verify(build, server, journal):
    """The checker's verdict: (passed, its words)."""
    command = [pathlib.Path(build) / "services/meridianctl/meridianctl", "events", "verify", "--data", server.data,
               "--tenant", "load", "--journal", journal, "--expect-ended"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def power_cut(build, folder, repeats, seed, finish_within_s=120):
    """As kill9, on a disk that at each kill forgets all that was not synced."""
    return kill9(build, folder, repeats, seed, finish_within_s, program="tests/soak/forgetful_standalone")


def kill9(build, folder, repeats, seed, finish_within_s=120, program=Standalone.PROGRAM):
    """One whole run. `passed` is true when the clients saw every acknowledged contact end and the checker agrees."""
    dice = random.Random(seed)
    server = Standalone(build, folder, AGENTS, program=program)
    journal = pathlib.Path(folder) / "journal.jsonl"
    clients = None
    try:
        server.start()
        with open(pathlib.Path(folder) / "clients.log", "wb") as log:
            clients = Clients(build, server, journal, seed, log)
        started = time.monotonic()
        ready, away_s = kill_again_and_again(server, repeats, dice)
        seen, finished = clients.finish(finish_within_s)
        passed, words = verify(build, server, journal)
        lines = journal.read_text()
        return {"passed": passed and finished, "kills": repeats, "seed": seed, "seconds": time.monotonic() - started,
                "acknowledged": seen["acknowledged"], "never_ended": seen["never_ended"], "losses": seen["losses"],
                "ready_median_s": statistics.median(ready), "ready_max_s": max(ready), "away_s": away_s,
                "journal_lines": lines.count("\n"), "refusals": refusals(lines), "verdict": words}
    finally:
        if clients and clients.process.poll() is None:
            clients.process.kill()
        server.stop()


def refusals(journal):
    """What the clients were refused, by reason: for the report; the checker judges the rest."""
    found = {}
    for line in journal.splitlines():
        if '"note"' not in line:
            continue
        text = json.loads(line)["text"]
        reason = re.match(r"refused (\w+)", text) or re.search(r"^(\w+) .*?: (\w+)", text)
        key = " ".join(reason.groups()) if reason else text[:40]
        found[key] = found.get(key, 0) + 1
    return found


def words_of(result):
    """A few lines for people."""
    return "\n".join([
        f"{'passed' if result['passed'] else 'FAILED'}: {result['kills']} kills in {result['seconds']:.0f} s, seed {result['seed']}",
        f"{result['acknowledged']} contacts acknowledged, {len(result['never_ended'])} of them never ended; "
        f"{result['journal_lines']} lines of journal; the clients lost the server {result['losses']} times",
        f"ready again after {result['ready_median_s']:.2f} s (median), {result['ready_max_s']:.2f} s (longest), "
        f"{result['away_s']:.0f} s in all",
        f"refused: {json.dumps(result['refusals'])}",
        shortened(result["verdict"])])


def shortened(verdict, most=8):
    lines = verdict.splitlines()
    return "\n".join(lines[:most] + (["…"] + lines[-3:] if len(lines) > most + 3 else lines[most:]))
