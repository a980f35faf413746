"""deploy/dev/up on a tree that is built: ready soon, without package clients, drained by Ctrl-C, one per data folder."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest
from blocked_clients import BlockedClients

ROOT = pathlib.Path(os.environ["MERIDIAN_SOURCE_DIR"])
READY_WITHIN_S = 10
DRAINED_WITHIN_S = 10


class Up:
    """One `deploy/dev/up` in a process group of its own, as a terminal would have it."""

    def __init__(self, data, environment=None, arguments=("--port", "0")):
        self.addresses_file = data / "addresses.json"
        self._log = data.parent / "up.log"
        self.started = time.monotonic()
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen([ROOT / "deploy/dev/up", "--data", data, *arguments], env=environment, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True)

    def log(self):
        return self._log.read_text()

    def wait_ready(self):
        """Returns (addresses, seconds since the start)."""
        while time.monotonic() < self.started + READY_WITHIN_S + 5:
            assert self.process.poll() is None, f"ended before it was ready:\n{self.log()}"
            if self.addresses_file.exists():
                return json.loads(self.addresses_file.read_text()), time.monotonic() - self.started
            time.sleep(0.02)  # lint: allow sleep: between two looks at the file, with a deadline
        raise AssertionError(f"not ready:\n{self.log()}")

    def press_ctrl_c(self):
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=DRAINED_WITHIN_S)

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture(name="start")
def starter(tmp_path):
    running = []

    def start(**arguments):
        (tmp_path / str(len(running))).mkdir()
        running.append(Up(tmp_path / str(len(running)) / "data", **arguments))
        return running[-1]

    yield start
    for up in running:
        up.kill()


def can_connect(address):
    host, _, port = address.rpartition("//")[2].partition("/")[0].rpartition(":")
    with socket.socket() as client:
        return client.connect_ex((host.strip("[]"), int(port))) == 0


def test_a_second_start_is_ready_soon_without_package_clients_and_ctrl_c_stops_it(tmp_path, start):
    blocked = BlockedClients(tmp_path)
    up = start(environment=blocked.environment)
    addresses, seconds = up.wait_ready()
    assert seconds <= READY_WITHIN_S
    assert blocked.calls() == []
    texts = [a for a in addresses.values() if isinstance(a, str) and ":" in a]
    assert len(texts) >= 2 and all(map(can_connect, texts))
    assert all(a in up.log() for a in texts), "the addresses are printed too"
    assert up.press_ctrl_c() == 0, up.log()
    assert not any(map(can_connect, texts))


def test_a_second_process_on_the_same_data_folder_is_refused_naming_the_first(tmp_path, start):
    first = start()
    first.wait_ready()
    data = first.addresses_file.parent
    second = subprocess.run([ROOT / "deploy/dev/up", "--port", "0", "--data", data], capture_output=True, text=True, timeout=30)
    assert second.returncode not in (0, 97)
    assert str(first.process.pid) in second.stdout + second.stderr
    assert first.process.poll() is None


def test_another_address_is_refused_while_demo_tokens_are_on(tmp_path):
    run = subprocess.run([ROOT / "deploy/dev/up", "--port", "0", "--data", tmp_path / "data", "--listen", "0.0.0.0"],
                         capture_output=True, text=True, timeout=30)
    assert run.returncode != 0
    assert "demo" in run.stdout + run.stderr
    assert not (tmp_path / "data/addresses.json").exists()


@pytest.mark.parametrize("arguments", (["--prot", "1"], ["--port"], ["--port", "http"], ["extra"]))
def test_wrong_arguments_are_refused_with_the_usage(arguments):
    run = subprocess.run([ROOT / "deploy/dev/up", *arguments], capture_output=True, text=True, timeout=30)
    assert run.returncode == 2
    assert "deploy/dev/up [--port 8080] [--data DIR] [--listen ADDR]" in run.stderr
