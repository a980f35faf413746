"""deploy/dev/kafka runs until it is told to stop, and keeps what it had."""

import os
import pathlib
import signal
import subprocess
import sys

ROOT = pathlib.Path(os.environ["MERIDIAN_SOURCE_DIR"])
sys.path.insert(0, str(ROOT / "deploy/dev"))

import kafka_cluster  # noqa: E402


def topics_at(address):
    done = subprocess.run(["kcat", "-b", address, "-L"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_serves_until_ctrl_c_and_again(tmp_path):
    (port,) = kafka_cluster.free_ports(1)
    for _ in range(2):
        kafka = subprocess.Popen([ROOT / "deploy/dev/kafka", "--port", str(port), "--data", tmp_path / "data"],
                                 stdout=subprocess.PIPE, text=True)
        try:
            line = kafka.stdout.readline()
            assert line.startswith(f"Kafka is ready at 127.0.0.1:{port};"), line
            assert f"127.0.0.1:{port}" in topics_at(f"127.0.0.1:{port}")
            kafka.send_signal(signal.SIGINT)
            assert kafka.wait(timeout=60) == 0
        finally:
            kafka.kill()


def test_wrong_arguments_are_refused():
    done = subprocess.run([ROOT / "deploy/dev/kafka", "--brokers", "7"], capture_output=True, text=True)
    assert done.returncode == 2 and "--brokers" in done.stderr
