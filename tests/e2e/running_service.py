"""One service as a process of its own: started, stopped or killed, and started again."""

import json
import signal
import subprocess
import urllib.error
import urllib.request

from running_standalone import BUILD
from waiting import eventually


class RunningService:
    """Looks like the platform to those who use its gRPC alone; `token` makes tokens with the installation's key."""

    def __init__(self, name, folder, token, keys, routing=None, session=None, options=(), port=0):
        self.token = token
        self._data = folder / name
        self._log = folder / f"{name}.log"
        self._port = port
        self._command = [BUILD / f"services/{name}/{name}", "--data", self._data, "--keys", keys, *options]
        for flag, address in (("--routing", routing), ("--session", session)):
            self._command += [flag, address] if address else []
        self._process = None
        self.grpc = self.http = ""

    def start(self):
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen([*self._command, "--port", str(self._port)], stdout=log,
                                             stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        file = self._data / "addresses.json"
        eventually(lambda: file.exists() or self._process.poll() is not None, 30, "ready")
        assert self._process.poll() is None, self._log.read_text()
        addresses = json.loads(file.read_text())
        self.grpc, self.http = addresses["grpc"], addresses["http"]
        return self

    def get(self, path, **headers):
        """(status, text) of what its HTTP answers."""
        try:
            with urllib.request.urlopen(urllib.request.Request(self.http + path, headers=headers), timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    @property
    def pid(self):
        return self._process.pid

    def begin_stop(self):
        self._process.send_signal(signal.SIGTERM)

    def await_end(self, within):
        """The exit code."""
        return self._process.wait(timeout=within)

    def stay_at_its_port(self):
        """The next start is found where this one is."""
        self._port = int(self.grpc.rpartition(":")[2]) - 1  # gRPC takes the one behind HTTP's

    def stop(self):
        """In good order; until the process has ended."""
        self._process.terminate()
        assert self._process.wait(timeout=60) == 0, self._log.read_text()

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        (self._data / "addresses.json").unlink(missing_ok=True)
