"""What a fault befalls: the platform with the servers that it stands on, each part a process of its own."""

import datetime
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests/benchmark/platform"), str(ROOT / "deploy/dev")]
from gate import Gate  # noqa: E402
from kafka_judge import KafkaJudge  # noqa: E402
from redis_servers import MASTER_NAME, Place, RedisServers  # noqa: E402
from region_parts import INSTANCES, names_of_services, program_of  # noqa: E402
from standalone import Standalone, tenant_yaml  # noqa: E402
from surroundings import Cable, SmallDisk, SteppedClock  # noqa: E402
from waiting import until  # noqa: E402

AGENTS = 64


class OnRedis:
    """`standalone` over a Redis primary with its replicas, and sentinels or not. `servers`: what RedisServers takes."""

    def __init__(self, build, folder, replicas=2, sentinels=3, durability="replicated", before=(), **servers):
        self.redis = RedisServers(pathlib.Path(folder) / "redis", replicas=replicas, sentinels=sentinels, **servers)
        options = ["--redis-durability", durability, *self.redis_options()]
        self.platform = Standalone(build, folder, AGENTS, options=options, before=before)
        self._journal = pathlib.Path(folder) / "journal.jsonl"

    def redis_options(self):
        if not self.redis.sentinels:
            return ["--redis", self.redis.primary.address]
        sentinels = [option for sentinel in self.redis.sentinels for option in ("--redis", sentinel.address)]
        return [*sentinels, "--redis-sentinel-master", MASTER_NAME]

    @property
    def data(self):
        """Where clients find the addresses and the key."""
        return self.platform.data

    def start(self):
        self.redis.start()
        self.platform.start()

    def stop(self):
        try:
            self.platform.stop()
        finally:
            for server in (*self.redis.sentinels, *self.redis.replicas, self.redis.primary):
                server.kill()

    def start_platform(self):
        """As a supervisor does: again, where it ended because there was no Redis server yet that it may use."""
        def has_started():
            try:
                self.platform.start()
            except RuntimeError as ended:
                if "no Redis server could be used" not in str(ended):
                    raise
                return False
            return True
        until(has_started, "the platform to start")

    def check(self):
        """Raises when a part ended that no fault ended."""
        if self.platform.process.poll() is not None:
            raise RuntimeError(f"standalone ended with {self.platform.process.returncode}:\n{self.platform.last_words()}")

    # ---- parts ----

    def servers(self):
        return [self.redis.primary, *self.redis.replicas]

    def primary(self):
        """The server that is the primary now, as it says itself and the sentinels agree."""
        found = [server for server in self.servers() if server.ask("ROLE").startswith("master")]
        return found[0] if len(found) == 1 else None

    # ---- what its clients wrote down ----

    def noted(self):
        """How many bytes, until now."""
        return self._journal.stat().st_size

    def submitted(self, since):
        """The contacts acknowledged since so many bytes were noted."""
        with open(self._journal, "rb") as journal:
            journal.seek(since)
            found = [line for line in journal if b'"kind":"submit"' in line and b'"acknowledged":true' in line]
        return [json.loads(line)["contact_id"] for line in found if line.endswith(b"\n")]


class CutInTwo(OnRedis):
    """The platform, its clients and the primary on this side of a cable, replicas and sentinels on the other."""

    def __init__(self, build, folder):
        self.cable = Cable()
        super().__init__(build, folder, near=self.cable.near, far=self.cable.far)

    def stop(self):
        try:
            super().stop()
        finally:
            self.cable.close()


class OnSmallDisk(OnRedis):
    """The primary's append-only file is on a disk that can be filled."""

    def __init__(self, build, folder, fsync, durability):
        self.disk = SmallDisk(pathlib.Path(folder) / "redis/primary")
        super().__init__(build, folder, replicas=1, sentinels=0, durability=durability, settings=f"appendfsync {fsync}\n")

    def stop(self):
        try:
            super().stop()
        finally:
            self.disk.close()


class WithClocks(OnRedis):
    """The platform and its Redis have clocks that can step, each its own."""

    def __init__(self, build, folder):
        self.clocks = {name: SteppedClock(pathlib.Path(folder) / f"clock.{name}") for name in ("platform", "redis")}
        super().__init__(build, folder, replicas=1, sentinels=0, before=self.clocks["platform"].before,
                         near=Place(before=self.clocks["redis"].before))


class BehindGate(OnRedis):
    """All between the platform and Redis goes through a gate."""

    def __init__(self, build, folder):
        self.gates = []
        super().__init__(build, folder, replicas=1, sentinels=0)

    def redis_options(self):
        self.gates = [Gate(self.redis.primary.port)]
        return ["--redis", self.gates[0].address]

    def stop(self):
        try:
            super().stop()
        finally:
            for gate in self.gates:
                gate.close()


PORTS_OF_A_REGION = 64
READY_WITHIN_S = 120
CTL_WITHIN_S = 300  # of a tenant with 100,000 agents


def free_ports(count):
    """The first of so many ports in a row that are all free."""
    for _ in range(100):
        first = random.randrange(20_000, 32_000)
        try:
            for port in range(first, first + count):
                with socket.socket() as each:
                    each.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise RuntimeError(f"no {count} free ports in a row")


class Region:
    """deploy/dev/region: services as processes over Redis and Kafka, each started again when it ends."""

    def __init__(self, build, folder, brokers=1, programs=None):
        self.build, self.folder = pathlib.Path(build), pathlib.Path(folder)
        self.data = self.folder / "region"
        self.port = free_ports(PORTS_OF_A_REGION)
        self._brokers = brokers
        self._programs = programs or self.build
        self._process = None
        self._metrics_token = None
        self.kafka = None  # who judges it, once the region runs

    def options(self):
        return []

    def start(self):
        command = [sys.executable, ROOT / "deploy/dev/region", "--data", self.data, "--programs", self._programs,
                   "--port", str(self.port), "--brokers", str(self._brokers), *self.options()]
        with open(self.folder / "region.log", "wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._until((self.data / "addresses.json").exists, "ready")
        self.configure()

    def configure(self):
        """Puts the load's tenant in force."""
        tenant = self.folder / "tenant.yaml"
        tenant.write_text(tenant_yaml(AGENTS))
        # On shards that are known, so that a fault can hit who serves it.
        self._ctl("shards", "move", "load", "--routing", "0", "--session", "0", *self._redis())
        self._ctl("--data", self.data, "--tenant", "load", "apply", tenant)

    def judge_kafka(self):
        self.kafka = KafkaJudge(self.build, self.data, self._addresses()["kafka"])

    def stop(self):
        if self.kafka is not None:
            self.kafka.close()
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(90)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def check(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"deploy/dev/region ended:\n{(self.folder / 'region.log').read_text()[-3000:]}")

    # ---- parts ----

    def parts(self, *kinds):
        """By name: what deploy/dev/region says of each part of these kinds ("routing", "redis", …)."""
        seen = json.loads((self.data / "status.json").read_text())
        return {part["name"]: part for part in seen["parts"] if part["kind"] in kinds}

    def holders(self, kind):
        """By shard of the `kind` ("routing", "session"): the name of who holds it, or None, and the shard's state."""
        names = {part["address"].split(":")[-1]: name for name, part in self.parts(kind).items()}
        found = {}
        for line in self._ctl("shards", "list", *self._redis()).splitlines():
            shard, holder, state = line.split()[:3]
            if shard.startswith(f"{kind}/"):
                found[shard] = names.get(holder.split(":")[-1]), state
        return found

    def serving(self, kind):
        """The name of the `kind` that serves the load's tenant."""
        return self.holders(kind)[f"{kind}/0"][0]

    def do(self, *words):
        """A command of deploy/dev/region to the region that runs."""
        done = subprocess.run([sys.executable, ROOT / "deploy/dev/region", "--data", self.data, *words],
                              capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def metric(self, name, series):
        """Of a part's /metrics."""
        return self.metrics(name, series)[series]

    def metrics(self, name, beginning):
        """All series of a part's /metrics whose names begin so, with their values."""
        if self._metrics_token is None:
            self._metrics_token = self.token_for_metrics("24h")
        found = (line.rpartition(" ") for line in self.read_metrics(name, self._metrics_token) if line.startswith(beginning))
        return {series: float(value) for series, _, value in found}

    def token_for_metrics(self, life, before=()):
        return self._ctl("--data", self.data, "--tenant", "load", "token", "create", "--role", "service", "--subject", "soak",
                         "--permission", "metrics.read", "--ttl", life, before=before).strip()

    def read_metrics(self, name, token):
        address = json.loads((self.data / name / "addresses.json").read_text())["http"]
        request = urllib.request.Request(f"{address if '://' in address else 'http://' + address}/metrics",
                                         headers={"authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode().splitlines()

    def primary_port(self):
        primary = next(part for part in self.parts("redis").values() if part["shown"] == "primary")
        return int(primary["address"].split(":")[1])

    def ask_primary(self, *command):
        """The answer of the Redis primary, as redis-cli prints it."""
        return subprocess.run(["redis-cli", "-p", str(self.primary_port()), *command], capture_output=True, text=True, timeout=10).stdout.strip()

    def _addresses(self):
        return json.loads((self.data / "addresses.json").read_text())

    def _redis(self):
        sentinels = [option for part in self.parts("sentinel").values() for option in ("--redis", part["address"])]
        return [*sentinels, "--redis-sentinel-master", MASTER_NAME]

    def _ctl(self, *words, before=()):
        done = subprocess.run([*before, self.build / "services/meridianctl/meridianctl", *map(str, words)],
                              capture_output=True, text=True, timeout=CTL_WITHIN_S)
        if done.returncode != 0:
            raise RuntimeError(f"meridianctl {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
        return done.stdout

    def signal(self, name, kind, number):
        os.kill(self.parts(kind)[name]["pid"], number)

    def await_ready(self, name, kind, restarts):
        """Started `restarts` times again, and ready."""
        def is_so():
            part = self.parts(kind)[name]
            return part["state"] == "ready" and part["restarts"] >= restarts
        self._until(is_so, f"ready again: {name}")

    def _until(self, condition, what):
        deadline = time.monotonic() + READY_WITHIN_S
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise RuntimeError(f"the region was not {what} within {READY_WITHIN_S} s")
            time.sleep(0.05)  # lint: allow sleep: between two looks, with a deadline


class RegionWithClocks(Region):
    """Each process of Meridian's has a clock that can step, its own: what deploy/dev/region starts are scripts, which know
    by the name of the part, under which they are called, whose clock it is to have."""

    def __init__(self, build, folder):
        super().__init__(build, folder, programs=pathlib.Path(folder) / "programs")
        self._files = self.folder / "clocks"
        self._files.mkdir()
        self.clocks = {name: SteppedClock(self._files / name) for name in names_of_services()}
        before = " ".join(SteppedClock.words_before(f'{self._files}/"${{0##*/}}"'))
        for kind in (*INSTANCES, "meridianctl"):
            script = program_of(self._programs, kind)
            script.parent.mkdir(parents=True)
            script.write_text(f'#!/bin/sh\nexec {before if kind in INSTANCES else ""} {self.true_program(kind)} "$@"\n')
            script.chmod(0o755)

    def true_program(self, kind):
        return program_of(self.build.resolve(), kind)

    def clock_is(self, name, ahead_s):
        """Whether the clock of a part is so far ahead, within some seconds, as it shows by which tokens it takes."""
        return not self._is_before(name, ahead_s - 3) and self._is_before(name, ahead_s + 3)

    def _is_before(self, name, ahead_s):
        """Whether a part takes a token that ends when a clock comes to `ahead_s` from now."""
        issuer = SteppedClock(self._files / "issuer", ahead_s - 1)
        try:
            self.read_metrics(name, self.token_for_metrics("1s", before=issuer.before))
        except urllib.error.HTTPError as refused:
            if refused.code != 401:
                raise
            return False
        return True

    def routing_ahead_s(self):
        """How far the time of the load's routing shard is ahead, as its next event says."""
        command = [program_of(self.build, "meridianctl"), "--data", self.data, "--tenant", "load", "events", "--json",
                   "--from", "now"]
        seen = []

        def is_seen():  # the stream ends while the shard moves
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as events:
                seen.append((events.stdout.readline(), time.time()))
                events.kill()
            return seen[-1][0] != ""

        until(is_seen, "an event")
        event, now = seen[-1]
        return datetime.datetime.fromisoformat(json.loads(event)["time"][:19] + "+00:00").timestamp() - now

    def stop(self):
        try:
            super().stop()
        finally:
            SteppedClock.sweep()


class GatedRegion(Region):
    """All that goes to `routing` and `session` from other processes goes through a gate: each is reached at ::1, at its own
    port, and listens at 127.0.0.1. Theirs are the first ports of a region, of HTTP and gRPC by turns."""

    def __init__(self, build, folder):
        super().__init__(build, folder)
        self.gates = [Gate(port, at=("::1", port)) for port in range(self.port + 3, self.port + 11, 2)]

    def options(self):
        return ["--advertise", "::1"]

    def stop(self):
        try:
            super().stop()
        finally:
            for gate in self.gates:
                gate.close()
