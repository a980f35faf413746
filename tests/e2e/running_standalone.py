"""The whole platform in one process, as a user starts it: started, killed and started again in one data folder."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import urllib.request

from waiting import eventually

ROOT = pathlib.Path(os.environ["MERIDIAN_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MERIDIAN_BUILD_DIR"])
STANDALONE = BUILD / "services/standalone/standalone"
MERIDIANCTL = BUILD / "services/meridianctl/meridianctl"
DEMO_TENANT = ROOT / "deploy/dev/demo_tenant.yaml"
PORT = 8080  # as the demo tenant's allowed origins say; every test process has a network of its own
READY_WITHIN_S = 20


class Standalone:
    def __init__(self, folder, port=PORT, options=()):
        self.data = folder / "data"
        self.config = folder / "tenant.yaml"
        shutil.copy(DEMO_TENANT, self.config)
        self._log = folder / "standalone.log"
        self._port = port
        self._options = options
        self._process = None
        self.addresses = {}

    def start(self):
        (self.data / "addresses.json").unlink(missing_ok=True)  # one that kill -9 left behind
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [STANDALONE, "--port", str(self._port), "--data", self.data, "--config", self.config,
                 *self._options],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        file = self.data / "addresses.json"
        eventually(lambda: file.exists() or self._process.poll() is not None, READY_WITHIN_S, "ready")
        assert self._process.poll() is None, f"ended before it was ready:\n{self.log()}"
        self.addresses = json.loads(file.read_text())
        return self

    def kill(self):
        """As a crash: no draining."""
        self._end(signal.SIGKILL)

    def pause(self):
        """As a closed lid or a frozen machine: it stands still, and goes on where it was."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def stop(self):
        """As Ctrl-C does, however much is under way: it must come to a clean end."""
        code = self._end(signal.SIGTERM)
        assert code in (None, 0, -signal.SIGKILL), f"ended with {code}:\n{self.log()}"

    def _end(self, how):
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            return self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    @property
    def http(self):
        return self.addresses["http"].rstrip("/")

    @property
    def grpc(self):
        return self.addresses["grpc"].rpartition("//")[2].rstrip("/")

    def log(self):
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def ctl(self, *arguments, check=True):
        done = subprocess.run([MERIDIANCTL, "--data", self.data, *arguments], capture_output=True, text=True, timeout=30)
        assert not check or done.returncode == 0, f"meridianctl {arguments}: {done.stderr or done.stdout}"
        return done.stdout.strip()

    def token(self, role, subject, *more):
        return self.ctl("token", "create", "--role", role, "--subject", subject, *more)

    def metrics(self):
        """What Prometheus reads."""
        asked = urllib.request.Request(self.http + "/metrics")
        asked.add_header("Authorization", "Bearer " + self.token("service", "prometheus"))
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.read()

    def on_shift(self, language):
        """The name of an agent who speaks the language and is on shift now."""
        return self.ctl("demo", "agent", "--language", language, "--name")
