"""A reader of the documentation: a folder that looks like a fresh clone, what runs in the first terminal until Ctrl-C, and a
second terminal for the code blocks."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

from waiting import eventually

ROOT = pathlib.Path(os.environ["MERIDIAN_SOURCE_DIR"])
END_OF_BLOCK = "---- end of block ----"


def shell_blocks(text):
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def like_a_clone(folder):
    """Links to everything but the data folder, so that a reader's own .data stays as it is."""
    folder.mkdir()
    for name in os.listdir(ROOT):
        if name not in (".data", ".git"):
            (folder / name).symlink_to(ROOT / name)
    return folder


class Terminal:
    """One shell for all blocks, as the reader's second terminal."""

    def __init__(self, folder):
        self._shell = subprocess.Popen(["bash", "-eu", "-o", "pipefail"], cwd=folder, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, block):
        """What it printed. A command that fails ends the shell."""
        self._shell.stdin.write(f"{block}\necho '{END_OF_BLOCK}'\n")
        self._shell.stdin.flush()
        lines = []
        for line in self._shell.stdout:
            if line.strip() == END_OF_BLOCK:
                return "".join(lines)
            lines.append(line)
        raise AssertionError(f"this block failed:\n{block}\nit said:\n{''.join(lines)}")

    def close(self):
        self._shell.kill()
        self._shell.wait()


class FirstTerminal:
    """Where `command` runs, which writes `addresses`, of the folder, when it is ready."""

    def __init__(self, folder, command, addresses, ready_within_s):
        self._folder = folder
        self._command, self._addresses, self._ready_within_s = command, folder / addresses, ready_within_s
        self._log = folder / "first_terminal.log"
        self._process = None

    def start(self):
        if self._process:
            self._process.wait(timeout=10)  # it was killed: the lock is free
        self._addresses.unlink(missing_ok=True)
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(["bash", "-c", self._command], cwd=self._folder, stdout=log, stderr=log,
                                             start_new_session=True)
        eventually(lambda: self._addresses.exists() or self._process.poll() is not None, self._ready_within_s,
                   self._log.read_text)
        assert self._process.poll() is None, self._log.read_text()
        return json.loads(self._addresses.read_text())

    def await_end(self, within):
        """The exit code."""
        return self._process.wait(timeout=within)

    def close(self):
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # with the build that it may be in
            self._process.wait()


@contextlib.contextmanager
def two_terminals(folder, command, addresses, ready_within_s):
    """The first, which runs nothing yet, and the second, in a clone made at `folder`."""
    clone = like_a_clone(folder)
    first, second = FirstTerminal(clone, command, addresses, ready_within_s), Terminal(clone)
    try:
        yield first, second
    finally:
        second.close()
        first.close()
