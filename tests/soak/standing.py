"""One system stays up, with customers and agents at work, while the same fault befalls it again and again. After each
time the clients must be served again, and the checker judges by all that they ever saw, reading back what was touched
since the time before, and after the last time everything. One row of docs/reports/soak.jsonl
for each time; what is there already for the same commit is not done again, so that a run can be broken off."""

import json
import pathlib
import random
import subprocess
import threading
import time

from fault import Finding
from kill9 import Clients

CUSTOMERS = 4  # who write and wait, beside those that only pass by
LOAD_BEFORE_S = 3
LEAST_LOAD = 5  # acknowledged contacts a second before the fault; below it the repetition proves nothing
SERVED_AGAIN_WITHIN_S = 60
FINISH_WITHIN_S = 150
MOST_VIOLATIONS = 20


class Progress:
    """How many contacts were acknowledged and how many completed, as the clients' journal grows. Read by a thread of its
    own, so that gaps are seen while a fault is on."""

    def __init__(self, journal):
        self._file = open(journal, "rb")
        self._over = threading.Event()
        self.acknowledged = 0
        self.completed = 0
        self._last = time.monotonic()
        self._longest_gap_s = 0.0
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def close(self):
        self._over.set()
        self._thread.join()
        self._file.close()

    def _follow(self):
        rest = b""
        while not self._over.wait(0.01):
            *lines, rest = (rest + self._file.read()).split(b"\n")
            for line in lines:
                if b'"acknowledged":true' not in line:
                    continue
                if b'"kind":"submit"' in line:
                    self.acknowledged += 1
                    now = time.monotonic()
                    self._longest_gap_s, self._last = max(self._longest_gap_s, now - self._last), now
                elif b'"kind":"complete"' in line:
                    self.completed += 1

    def rate(self, length_s):
        """Contacts acknowledged a second meanwhile."""
        begun = self.acknowledged
        time.sleep(length_s)  # lint: allow sleep: a rate takes its time
        return (self.acknowledged - begun) / length_s

    def take_longest_gap_s(self):
        """Between two acknowledged contacts, since the last call."""
        gap, self._longest_gap_s = self._longest_gap_s, 0.0
        return gap

    def is_served(self, within_s):
        """Whether contacts are acknowledged and others completed from now on."""
        acknowledged, completed, end = self.acknowledged, self.completed, time.monotonic() + within_s
        while self.acknowledged == acknowledged or self.completed == completed:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)  # lint: allow sleep: between two looks, with a deadline
        return True


class Rows:
    def __init__(self, file, name, commit):
        self._file = pathlib.Path(file)
        self._name = name
        self._commit = commit

    def done(self):
        """Repetitions of this fault at this commit that count."""
        if not self._file.exists():
            return 0
        rows = [json.loads(line) for line in self._file.read_text().splitlines()]
        return sum(row["name"] == self._name and row["commit"] == self._commit and not row["void"] for row in rows)

    def append(self, **fields):
        row = {"name": self._name, "seed": fields.pop("seed"), "commit": self._commit, **fields}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with open(self._file, "a") as file:
            file.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)
        return row


class Standing:
    def __init__(self, build, folder, fault, seed):
        self.build = build
        self.folder = pathlib.Path(folder)
        self.fault = fault
        self.dice = random.Random(seed)
        self.system = fault.system(build, folder)
        self.journal = self.folder / "journal.jsonl"
        self._judged = 0  # bytes of the journal

    def run(self, repeats, row):
        """Calls `row(**fields)` for each repetition; returns how many found violations or were void."""
        clients = progress = None
        self.system.start()
        try:
            with open(self.folder / "clients.log", "wb") as log:
                clients = Clients(self.build, self.system, self.journal, self.dice.randrange(1 << 30), log,
                                  CUSTOMERS)
            progress = Progress(self.journal)
            if self.fault.judges_kafka:
                self.system.judge_kafka()
            bad = 0
            for n in range(repeats):
                fields = self.once(progress, clients, last=n + 1 == repeats)
                bad += bool(row(**fields)["violations"]) or fields["void"]
            return bad
        finally:
            if progress:
                progress.close()
            if clients and clients.process.poll() is None:
                clients.process.kill()
            self.system.stop()

    def once(self, progress, clients, last):
        began = time.monotonic()
        load = progress.rate(LOAD_BEFORE_S)
        progress.take_longest_gap_s()
        violations = []
        hit = None
        try:
            hit = self.fault.act(self.system, self.dice)
        except Finding as finding:
            violations.append(str(finding))
        if not progress.is_served(SERVED_AGAIN_WITHIN_S):
            violations.append(f"not served again within {SERVED_AGAIN_WITHIN_S} s")
        pause_s = progress.take_longest_gap_s()
        if self.fault.longest_pause_s is not None and pause_s > self.fault.longest_pause_s:
            violations.append(f"no contact was acknowledged for {pause_s:.1f} s")
        self.system.check()
        ended = False
        if last:
            seen, ended = clients.finish(FINISH_WITHIN_S)
            violations += [f"never ended: {contact}" for contact in seen["never_ended"]]
        else:
            clients.rest()  # what is judged is left in peace, and the processor to the judge
        violations += self.verify(last, ended)
        if self.fault.judges_kafka:
            violations += self.system.kafka.look()
        if not last:
            clients.go_on()
        return {"seconds": round(time.monotonic() - began, 1), "load_before": round(load, 1), "void": load < LEAST_LOAD,
                "pause_s": round(pause_s, 2), **({"hit": hit} if hit else {}), "violations": violations[:MOST_VIOLATIONS]}

    def verify(self, last, all_ended):
        """What the checker finds, judging by the journal as far as it has been written whole. It reads back the
        conversations in which something happened since the time before, and all of them after the last repetition."""
        whole, touched = self.folder / "journal.so.far.jsonl", self.folder / "conversations.touched"
        text = self.journal.read_bytes()
        text = text[:text.rfind(b"\n") + 1]
        whole.write_bytes(text)
        ids = {json.loads(line).get("conversation_id") for line in text[self._judged:].splitlines()}
        touched.write_text("".join(f"{each}\n" for each in ids - {None}))
        self._judged = len(text)
        command = [pathlib.Path(self.build) / "services/meridianctl/meridianctl", "events", "verify",
                   "--data", self.system.data, "--tenant", "load", "--journal", whole,
                   "--grant-slack", f"{self.fault.grant_slack_s}s", *(["--expect-ended"] if all_ended else []),
                   *([] if last else ["--conversations", touched])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        return [] if done.returncode == 0 else (done.stdout + done.stderr).strip().splitlines()
