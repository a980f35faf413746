"""The tour of README.md: its code blocks, word for word and in order, in a folder that looks like a fresh clone."""

import json
import os
import pathlib
import re
import signal
import subprocess

import pytest
from waiting import eventually
from web_visitor import WebVisitor

ROOT = pathlib.Path(os.environ["MERIDIAN_SOURCE_DIR"])
START = "deploy/dev/up"
END_OF_BLOCK = "---- end of block ----"
BLOCK_WITHIN_S = 60
READY_WITHIN_S = 60


def blocks():
    tour = (ROOT / "README.md").read_text().split("## A tour of five minutes")[1].split("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", tour, re.MULTILINE | re.DOTALL)


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
    def __init__(self, folder):
        self._folder = folder
        self._log = folder / "up.log"
        self._process = None

    def start(self):
        if self._process:
            self._process.wait(timeout=10)  # it was killed: the lock is free
        addresses = self._folder / ".data/addresses.json"
        addresses.unlink(missing_ok=True)
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(["bash", "-c", START], cwd=self._folder, stdout=log, stderr=log,
                                             start_new_session=True)
        eventually(lambda: addresses.exists() or self._process.poll() is not None, READY_WITHIN_S, "ready")
        assert self._process.poll() is None, self._log.read_text()
        return json.loads(addresses.read_text())

    def close(self):
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # with the build that it may be in
            self._process.wait()


@pytest.fixture(name="clone")
def folder_like_a_clone(tmp_path):
    """Links to everything but the data folder, so that a reader's own .data stays as it is."""
    folder = tmp_path / "meridian"
    folder.mkdir()
    for name in os.listdir(ROOT):
        if name not in (".data", ".git"):
            (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture(name="terminals")
def two_terminals(clone):
    first, second = FirstTerminal(clone), Terminal(clone)
    yield first, second
    second.close()
    first.close()


def test_the_tour_works_word_for_word(terminals):
    first, second = terminals
    addresses = {}
    said = []
    for block in blocks():
        if block.strip() == START:
            addresses = first.start()
        else:
            said.append((block, second.run(block)))

    def output_of(words):
        return next(output for block, output in said if words in block)

    assert addresses["http"].rstrip("/") == "http://127.0.0.1:8080" and addresses["grpc"].endswith("127.0.0.1:8081")
    assert re.search(r"^http://127\.0\.0\.1:8080/agent\S*#\S*token=", output_of("demo agent"), re.MULTILINE)
    contact = json.loads(output_of("SubmitContact"))
    assert contact["language"].split("-")[0] == "es"
    assert output_of("explain").strip()
    assert contact["contact_id"] in output_of("events --until-now")
    assert contact["contact_id"] in output_of("meridianctl contacts"), "it is still there after kill -9"


def test_the_customers_page_of_the_tour_may_open_a_session(terminals):
    first, _ = terminals

    class Tour:
        http = first.start()["http"].rstrip("/")

    assert WebVisitor(Tour).token
