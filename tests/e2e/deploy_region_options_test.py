"""What deploy/dev/region refuses before it starts anything: who asked is told the option and the rule, and nothing is left."""

import fcntl
import os
import pathlib
import socket
import subprocess
import sys

import pytest

ROOT = pathlib.Path(os.environ["MERIDIAN_SOURCE_DIR"])
REGION = ROOT / "deploy/dev/region"
PROGRAMS = ("routing", "session", "ingress", "agent_gateway", "admin", "replicator", "meridianctl")

sys.path.insert(0, str(ROOT / "deploy/dev"))
from region_parts import ports_of  # noqa: E402
from supervisor import dying_with  # noqa: E402


def region(*words):
    return subprocess.run([REGION, *map(str, words)], capture_output=True, text=True, timeout=30)


@pytest.fixture(name="programs")
def _programs(tmp_path):
    """A build folder whose programs are there, and end at once."""
    for kind in PROGRAMS:
        program = tmp_path / f"build/services/{kind}/{kind}"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/false\n")
        program.chmod(0o755)
    return tmp_path / "build"


def refused(tmp_path, words, option, rule):
    """Nothing may change in the folders of the test."""
    before = sorted(tmp_path.rglob("*"))
    done = region(*words)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert option in done.stderr and rule in done.stderr, done.stderr
    assert sorted(tmp_path.rglob("*")) == before, "something is left behind"


@pytest.mark.parametrize("words, option, rule", [
    (["--prot", "8400"], "--prot", "unrecognized arguments"),
    (["--stat"], "--stat", "unrecognized arguments"),
    (["now"], "now", "unrecognized arguments"),
    (["--port", "many"], "--port", "invalid int value"),
    (["--port", "0"], "--port", "must be 1024 to 65475"),
    (["--port", "-1"], "--port", "must be 1024 to 65475"),
    (["--port", "65476"], "--port", "must be 1024 to 65475"),
    (["--brokers", "0"], "--brokers", "must be 1 to 3, not 0"),
    (["--brokers", "4"], "--brokers", "must be 1 to 3, not 4"),
    (["--advertise", ""], "--advertise", "must be a host"),
    (["--advertise", "http://here"], "--advertise", "must be a host"),
    (["--advertise", "127.0.0.1:8400"], "--advertise", "without a port"),
    (["--advertise", "two hosts"], "--advertise", "must be a host"),
    (["--programs", "/nowhere/build"], "--programs", "there is no folder /nowhere/build"),
    (["--programs", "/etc"], "--programs", "there is no /etc/services/routing/routing"),
    (["--kill", ""], "--kill", "must name a part"),
    (["--down", "Routing 1"], "--down", "must name a part, such as routing-1, not 'Routing 1'"),
    (["--up", "../x"], "--up", "must name a part"),
    (["--replace", "/x"], "--replace", "must name a part"),
    (["--kill", "kafka", "--stop"], "--stop", "does not go together with --kill"),
    (["--status", "--replace", "admin"], "--replace", "does not go together with --status"),
    (["--kill", "kafka", "--port", "8400"], "--port", "for starting a region, and does not go together with --kill"),
    (["--down", "kafka", "--brokers", "3"], "--brokers", "does not go together with --down"),
    (["--up", "kafka", "--advertise", "::1"], "--advertise", "does not go together with --up"),
    (["--status", "--programs", "/etc"], "--programs", "does not go together with --status"),
    (["--stop", "--secure-stores"], "--secure-stores", "does not go together with --stop"),
    (["--replace", "admin", "--brokers", "3"], "--brokers", "does not go together with --replace"),
    (["--replace", "admin", "--programs", "/nowhere"], "--programs", "there is no folder /nowhere"),
])
def test_bad_options_are_refused(tmp_path, words, option, rule):
    refused(tmp_path, ["--data", tmp_path / "data", *words], option, rule)


def test_a_folder_must_be_one_that_can_be_written(tmp_path):
    file = tmp_path / "file"
    file.touch()
    for data in (file, file / "below"):
        refused(tmp_path, ["--data", data], "--data", f"{file} is none")


def test_a_folder_in_use_is_refused(tmp_path, programs):
    data = tmp_path / "data"
    data.mkdir()
    with open(data / "lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused(tmp_path, ["--data", data, "--programs", programs], "--data", f"one runs in {data} already")


@pytest.mark.parametrize("above", (0, 2, 21, 40, 44, 50, 51))
def test_a_port_in_use_is_refused_by_the_name_of_who_needs_it(tmp_path, programs, above):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        port = number - above
        name = next(name for name, ports in ports_of(port, tmp_path, 1).items() if number in ports)
        words = ["--data", tmp_path / "data", "--programs", programs, "--port", port]
        refused(tmp_path, words, f"--port {port}", f"127.0.0.1:{number} ({name}), which is in use")


def test_a_folder_stays_what_it_was(tmp_path, programs):
    data = tmp_path / "data"
    (data / "kafka/broker1").mkdir(parents=True)
    start = ["--data", data, "--programs", programs]
    refused(tmp_path, [*start, "--brokers", "3"], "--brokers", "must be 1 in")
    (data / "redis/primary").mkdir(parents=True)
    refused(tmp_path, [*start, "--secure-stores"], "--secure-stores", "must not be given")
    (data / "redis/operator.password").touch()
    refused(tmp_path, start, "--secure-stores", "must be given")


def test_who_looks_for_a_region_leaves_no_folder_behind(tmp_path):
    for act in (["--status"], ["--stop"], ["--kill", "kafka"], ["--up", "kafka"]):
        done = region("--data", tmp_path / "data", *act)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"no region runs in {tmp_path / 'data'}" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_part_whose_supervisor_has_died_does_not_begin():
    begun = subprocess.run(dying_with(os.getpid(), ["echo", "begun"]), capture_output=True, text=True, timeout=20)
    assert (begun.returncode, begun.stdout) == (0, "begun\n")
    orphan = subprocess.run(dying_with(1, ["echo", "begun"]), capture_output=True, text=True, timeout=20)
    assert (orphan.returncode, orphan.stdout) == (1, "")
