"""A Redis and the services of a region over it, each a process of its own."""

import functools
import subprocess
from contextlib import contextmanager

from running_service import RunningService
from running_standalone import MERIDIANCTL
from waiting import eventually

PORT = 6390  # of Redis, in the test's own network


@contextmanager
def running_redis(folder):
    folder.mkdir()
    process = subprocess.Popen(
        ["redis-server", "--port", str(PORT), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", "",
         "--maxmemory-policy", "noeviction", "--repl-backlog-ttl", "0"], stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: subprocess.run(["redis-cli", "-p", str(PORT), "ping"], capture_output=True).stdout == b"PONG\n",
                   20, "redis")
        yield
    finally:
        process.kill()
        process.wait()


class Region:
    """Started processes are killed at the end; each has a folder of its own."""

    STORE = ["--redis", f"127.0.0.1:{PORT}", "--redis-durability", "async", "--redis-replicas", "0"]

    def __init__(self, folder):
        self._folder = folder
        self.data = folder / "installation"
        self._keys = self.data / "keys"
        self._keys.mkdir(parents=True)
        self._started = []

    def ctl(self, *arguments, target=None, fails=False):
        command = [MERIDIANCTL, "--data", self.data, *(["--target", target] if target else []), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.returncode != 0) == fails, done.stderr or done.stdout
        return (done.stderr if fails else done.stdout).strip()

    @functools.lru_cache
    def token(self, role, subject):
        return self.ctl("token", "create", "--role", role, "--subject", subject)

    def start(self, name, *options):
        folder = self._folder / str(len(self._started))
        folder.mkdir()
        service = RunningService(name, folder, self.token, self._keys, options=[*self.STORE, *options])
        self._started.append(service)
        return service.start()

    def end(self):
        for service in reversed(self._started):
            service.kill()
