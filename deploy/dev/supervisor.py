"""Keeps the processes of a region running: starts them in groups, one group after the other, starts again what ended,
and stops them all in the opposite order. No process outlives the supervisor: the kernel kills them with it.

    groups = []
    supervisor = Supervisor(groups)
    for group in ([redis], [routing, session], [ingress]):
        groups.append(group)
        supervisor.start_group(group, stop)   # returns when all of it are ready
    supervisor.watch(stop)                    # until the event is set
    supervisor.stop()
"""

import os
import signal
import subprocess
import time

POLL_S = 0.1
READY_WITHIN_S = 90
STOP_WITHIN_S = 15
LONG_LIFE_S = 10  # who lived shorter than that waits longer for the next start
LONGEST_PAUSE_S = 10


def dying_with(parent, command):
    """`command`, killed when `parent` dies, which starts it; also when that died before the signal was asked for."""
    return ["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(parent),
            *map(str, command)]


class PartFailed(Exception):
    pass


class Part:
    """One process. `is_ready()` says whether it can be used; it is asked often, and never while it is not running.
    `shown()` is a word about it for people, such as its role. After it ended it is started again, `pause_s` later, but
    not while the file `held` exists."""

    def __init__(self, name, kind, address, command, log, is_ready, before=None, shown=None, pause_s=0.5, held=None):
        self.name, self.kind, self.address, self.log = name, kind, address, log
        self.state, self.since, self.restarts = "stopped", time.time(), 0
        self.ended_with = None  # the exit code of the process before this one; below zero: the signal that killed it
        self._command, self._is_ready, self._before, self._shown = command, is_ready, before, shown
        self._held = held
        self._pause_s = self._next_pause_s = pause_s
        self._process = None
        self._start_at = 0.0

    @property
    def pid(self):
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def launch(self):
        if self._before:
            self._before()
        with open(self.log, "ab") as log:
            # Of its own session, so that Ctrl-C reaches the supervisor alone.
            self._process = subprocess.Popen(dying_with(os.getpid(), self._command), stdout=log, stderr=subprocess.STDOUT,
                                             stdin=subprocess.DEVNULL, start_new_session=True)
        self._enter("starting")

    def look(self, again=True):
        """What has become of it; with `again` it is started again when its time has come."""
        now = time.time()
        if self.state in ("starting", "ready") and self._process.poll() is not None:
            short = now - self.since < LONG_LIFE_S
            self._start_at = now + self._next_pause_s
            self._next_pause_s = min(2 * self._next_pause_s, LONGEST_PAUSE_S) if short else self._pause_s
            self.ended_with = self._process.returncode
            self._enter("down")
        elif self.state == "starting" and self._is_ready():
            self._enter("ready")
        elif self.state == "down" and again and now >= self._start_at and not self._is_held():
            self.restarts += 1
            self.launch()

    def _is_held(self):
        return self._held is not None and self._held.exists()

    def ask_to_stop(self):
        if self.pid is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._enter("stopping")
        else:
            self._enter("stopped")

    def await_stop(self):
        if self._process is not None:
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._enter("stopped")

    def _enter(self, state):
        self.state, self.since = state, time.time()

    def seen(self):
        """As a dict, for a page or a file."""
        shown = self._shown() if self._shown and self.state == "ready" else ""
        return {"name": self.name, "kind": self.kind, "state": self.state, "shown": shown, "pid": self.pid,
                "address": self.address, "since": self.since, "restarts": self.restarts, "ended_with": self.ended_with,
                "log": str(self.log)}

    def last_words(self):
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""


class Supervisor:
    def __init__(self, groups, on_change=lambda parts: None):
        """`on_change` gets what is seen of all parts, at every change."""
        self._groups = groups
        self._on_change = on_change
        self._told = None

    @property
    def parts(self):
        return [part for group in self._groups for part in group]

    def start_group(self, group, stop):
        """Returns when all of it are ready; false when `stop` was set meanwhile. PartFailed when one of them is not."""
        for part in group:
            part.launch()
        deadline = time.monotonic() + READY_WITHIN_S
        while any(part.state != "ready" for part in group):
            for part in self.parts:
                part.look(again=False)
            self.tell()
            for part in self.parts:
                if part.state == "down" or time.monotonic() > deadline and part.state == "starting":
                    raise PartFailed(f"{part.name} did not become ready; the end of {part.log}:\n{part.last_words()}")
            if stop.wait(POLL_S):
                return False
        return True

    def watch(self, stop):
        while not stop.wait(POLL_S):
            for part in self.parts:
                part.look()
            self.tell()

    def stop(self):
        for group in reversed(self._groups):
            for part in group:
                part.ask_to_stop()
            self.tell()
            for part in group:
                part.await_stop()
            self.tell()

    def tell(self):
        seen = [part.seen() for part in self.parts]
        if seen != self._told:
            self._told = seen
            self._on_change(seen)
