"""What tests/benchmark/platform/region measures: a region, and the throw-away path over stores of the same kind."""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path += [str(ROOT / "tests/soak"), str(ROOT / "deploy/dev")]
import kafka_cluster  # noqa: E402
import systems  # noqa: E402
from readings import cpu_by_kind, redis_counters, topics_bytes  # noqa: E402
from redis_servers import RedisServers  # noqa: E402
from standalone import tenant_yaml  # noqa: E402

SERVICES = ("ingress", "agent_gateway", "session", "routing", "replicator", "admin")


class Region(systems.Region):
    """deploy/dev/region with one tenant or several, each on shards of its own: "load", or "load-0" and following."""

    process = None  # for Load: there is not one that is the server

    def __init__(self, build, folder, agents, tenants=1):
        super().__init__(build, folder)
        self.tenants = ["load"] if tenants == 1 else [f"load-{n}" for n in range(tenants)]
        self._agents = agents // tenants
        self.resident_when_begun = None

    def configure(self):
        for number, tenant in enumerate(self.tenants):
            text = self.folder / f"{tenant}.yaml"
            text.write_text(tenant_yaml(self._agents, tenant=tenant))
            self._ctl("shards", "move", tenant, "--routing", number, "--session", number, *self._redis())
            self._ctl("--data", self.data, "--tenant", tenant, "apply", text)
        self._seen = json.loads((self.data / "status.json").read_text())["parts"]

    def pids(self):
        """By kind; Redis by its role."""
        found = {}
        for part in self._seen:
            kind = f"redis {part['shown']}" if part["kind"] == "redis" else part["kind"]
            found.setdefault(kind, []).append(part["pid"])
        return found

    def published(self):
        """Events that Kafka has acknowledged."""
        return sum(self.metrics("replicator", "meridian_relay_published_events_total").values())

    def read(self):
        self.resident_when_begun = self.resident_when_begun or self.resident()
        return {"cpu": cpu_by_kind(self.pids()), "redis": redis_counters(self.ask_primary),
                "kafka_bytes": topics_bytes(self.data / "kafka/broker1"), "events": self.published()}

    def resident(self):
        """Bytes by kind."""
        def of(pid):
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            return int(rollup.split("Rss:")[1].split()[0]) * 1024
        return {kind: sum(map(of, pids)) for kind, pids in self.pids().items()}

    def check_whole(self):
        """Raises when a part ended meanwhile: then the figures are of something else."""
        self.check()
        restarted = [part["name"] for part in json.loads((self.data / "status.json").read_text())["parts"] if part["restarts"]]
        if restarted:
            raise RuntimeError(f"parts of the region were started again: {restarted}")


class ThrowAway:
    """throw_away over a Redis primary with a replica and one broker, as a region has them, and nothing else."""

    process = None

    def __init__(self, build, folder, processes):
        self._build, self._processes = pathlib.Path(build), processes
        folder = pathlib.Path(folder)
        self.data = folder / "data"
        (self.data / "keys").mkdir(parents=True)
        self._tls = folder / "tls"
        self._redis = RedisServers(folder / "redis", replicas=1)
        self._kafka = kafka_cluster.Cluster(folder / "kafka")
        self._running = {}

    def start(self):
        self._redis.start()
        self._kafka.start()
        subprocess.run([self._build / "services/meridianctl/meridianctl", "topics", "apply", "--kafka-brokers",
                        self._kafka.bootstrap, "--region", "local", "--replication", "1"], check=True, stdout=subprocess.DEVNULL)
        stores = ["--redis-port", self._redis.primary.port, "--brokers", self._kafka.bootstrap, "--topic",
                  "meridian.local.contact.events.v1"]
        if self._processes == 1:
            address = self._launch("one", *stores)
        else:
            subprocess.run([ROOT / "deploy/dev/certificates", self._tls, "core", "edge"], check=True, capture_output=True)
            core = self._launch("core", "--tls", self._tls / "core", *stores)
            address = self._launch("edge", "--tls", self._tls / "edge", "--core", core)
        (self.data / "addresses.json").write_text(json.dumps({"grpc": address}))

    def _launch(self, role, *options):
        process = subprocess.Popen([self._build / "tests/benchmark/platform/throw_away", "--role", role, *map(str, options)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._running[role] = process
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError(f"throw_away --role {role} did not start")
        return address

    def pids(self):
        return {"redis primary": [self._redis.primary.pid], "redis replica": [self._redis.replicas[0].pid],
                "kafka": [self._kafka.brokers[0].pid], **{f"throw-away, {role}": [each.pid] for role, each in self._running.items()}}

    def read(self):
        return {"cpu": cpu_by_kind(self.pids()), "redis": redis_counters(self._redis.primary.ask),
                "kafka_bytes": topics_bytes(self._kafka.folder / "broker1")}

    def check_whole(self):
        ended = [role for role, process in self._running.items() if process.poll() is not None]
        if ended:
            raise RuntimeError(f"throw_away ended: {ended}")

    def stop(self):
        for process in self._running.values():
            process.stdin.close()
            process.wait(30)
        self._redis.stop()
        self._kafka.stop()
