"""What a region on one machine is made of: its processes in the order in which they start, group by group."""

import pathlib
import socket
import subprocess

import kafka_cluster
import redis_servers
from supervisor import Part

HERE = pathlib.Path(__file__).resolve().parent
SENTINELS = 3
DOWN_AFTER_MS = 1000  # then the sentinels promote the replica
REDIS_PAUSE_S = 4  # a primary that died comes back as the replica of the one that they have promoted
KAFKA_PAUSE_S = 3  # of a broker that has others: they lead its partitions before it is back
SERVICES_AT, REDIS_AT, KAFKA_AT, PORTS = 2, 40, 50, 61  # above the port of the status page, which is the first of them
INSTANCES = {"routing": 2, "session": 2, "ingress": 2, "agent_gateway": 2, "admin": 1, "replicator": 1}


def listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def role_of(server):
    """What a Redis server says it is; "" when it does not answer."""
    try:
        answer = server.ask("ROLE")
    except subprocess.TimeoutExpired:
        return ""
    return {"master": "primary", "slave": "replica"}.get(answer.partition("\n")[0], "")


def names_of_services():
    return [f"{kind}-{n}" if count > 1 else kind for kind, count in INSTANCES.items() for n in range(1, count + 1)]


def ports_of(port, folder, brokers):
    """By name: the ports of all parts of a region whose status page is at `port`; its Redis servers keep theirs."""
    found = {"the status page": [port]}
    for index, name in enumerate(names_of_services()):
        found[name] = [port + SERVICES_AT + 2 * index, port + SERVICES_AT + 2 * index + 1]
    for index, name in enumerate(("primary", "replica0", *(f"sentinel{n}" for n in range(SENTINELS)))):
        found[f"Redis, {name}"] = [redis_servers.port_kept(folder / "redis", name) or port + REDIS_AT + index]
    for index in range(brokers):
        found[f"Kafka, broker {index + 1}"] = [port + KAFKA_AT + index, port + KAFKA_AT + brokers + index]
    return found


def kind_of(name):
    """Of a service."""
    return name.split("-")[0]


def program_of(build, kind):
    return build / f"services/{kind}/{kind}"


def choose_program(folder, name, program):
    """What the part is when it is started next, in the region whose data is in the folder."""
    link = folder / "programs" / name
    new = link.with_name(f".{name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(program)
    new.rename(link)


class Region:
    """The parts of a region whose data is in a folder, and how to reach them. `port`: of the status page; the parts'
    are above it. A part is not started again while a file of its name is in the folder `held`; what it is, if it is a
    program of ours, a link of its name in `programs` says."""

    def __init__(self, folder, programs, port, name="local", advertise=None, brokers=1, secure=False):
        self.folder, self.name, self.programs, self._advertise = folder, name, programs, advertise
        self.logs, self.tls, self.keys, self.held = folder / "logs", folder / "tls", folder / "keys", folder / "held"
        self.chosen = folder / "programs"
        for needed in (folder, self.logs, self.keys, self.held, self.chosen):
            needed.mkdir(parents=True, exist_ok=True)
        self.guard = redis_servers.Secrets(self.tls, folder / "redis") if secure else None
        self.redis = redis_servers.RedisServers(folder / "redis", replicas=1, sentinels=SENTINELS, guard=self.guard,
                                                down_after_ms=DOWN_AFTER_MS, port=port + REDIS_AT)
        self.kafka = kafka_cluster.Cluster(folder / "kafka", brokers=brokers, port=port + KAFKA_AT, tls=secure)
        self._ports = {name: port + SERVICES_AT + 2 * index for index, name in enumerate(names_of_services())}

    # ---- where they are ----

    def names_of(self, kind):
        return [name for name in self._ports if kind_of(name) == kind]

    def grpc(self, name):
        return f"127.0.0.1:{self._ports[name] + 1}"

    def http(self, name):
        return f"http://127.0.0.1:{self._ports[name]}"

    def addresses(self):
        """Of the region as a whole, for meridianctl: operators' calls go to admin."""
        found = {"grpc": self.grpc("admin"), "http": self.http(self.names_of("ingress")[0])}
        for name in self._ports:
            found[name] = self.grpc(name)
        return {**found, "kafka": self.kafka.bootstrap}

    # ---- before they start ----

    def prepare(self):
        for left in self.held.iterdir():
            left.unlink()
        for name in self._ports:
            choose_program(self.folder, name, program_of(self.programs, kind_of(name)))
        redis = [server.name for server in (self.redis.primary, *self.redis.replicas, *self.redis.sentinels)]
        guarded = [*redis, redis_servers.Secrets.OPERATOR] if self.guard else []
        subprocess.run([HERE / "certificates", self.tls, *self._ports, *guarded], check=True)
        for broker in self.kafka.brokers:
            broker.write_settings()
            broker.format()

    # ---- the groups ----

    def stores(self):
        servers = [("redis-primary", self.redis.primary), ("redis-replica", self.redis.replicas[0])]
        parts = [self._redis(name, server, "redis", lambda server=server: role_of(server) != "",
                             before=lambda server=server: self.redis.rejoin(server),
                             shown=lambda server=server: role_of(server), pause_s=REDIS_PAUSE_S)
                 for name, server in servers]
        return [*parts, *(self._kafka(number) for number in range(1, len(self.kafka.brokers) + 1))]

    def sentinels(self):
        return [self._redis(f"sentinel-{n}", server, "sentinel", lambda server=server: self.redis.knows_all(server))
                for n, server in enumerate(self.redis.sentinels, 1)]

    def services(self, *kinds):
        return [self._service(name, kind) for kind in kinds for name in self.names_of(kind)]

    def _redis(self, name, server, kind, is_ready, **more):
        return self._part(name, kind, server.address, server.command, is_ready, **more)

    def _kafka(self, number):
        broker, is_one_of_many = self.kafka.brokers[number - 1], len(self.kafka.brokers) > 1
        name = f"kafka-{number}" if is_one_of_many else "kafka"
        log = self.logs / f"{name}.log"
        log.touch()
        started_at = [0]

        def note():
            started_at[0] = log.stat().st_size

        def is_ready():
            with open(log, errors="replace") as text:
                text.seek(started_at[0])
                return kafka_cluster.READY_LINE in text.read()

        pause = {"pause_s": KAFKA_PAUSE_S} if is_one_of_many else {}
        return self._part(name, "kafka", broker.address, broker.command(), is_ready, before=note, **pause)

    def _service(self, name, kind):
        data = self.folder / name
        ready, program = data / "addresses.json", self.chosen / name
        started = [program_of(self.programs, kind)]

        def begin():
            ready.unlink(missing_ok=True)
            started[0] = program.readlink()

        def build_of_another():
            return "" if started[0] == program_of(self.programs, kind) else str(started[0].parents[2])

        command = [program, "--data", data, "--port", self._ports[name], "--region",
                   self.name, "--keys", self.keys, *self._tls_of(name), *self._options_of(name, kind)]
        return self._part(name, kind, self.grpc(name), command, ready.exists, before=begin, shown=build_of_another)

    def _part(self, name, kind, address, command, is_ready, **more):
        return Part(name, kind, address, command, self.logs / f"{name}.log", is_ready, held=self.held / name, **more)

    def _tls_of(self, name):
        files = self.tls / name
        return ["--tls-certificate", files / "certificate.pem", "--tls-key", files / "key.pem", "--tls-ca",
                files / "roots.pem"]

    def kafka_options(self):
        """Of our programs."""
        files = self.kafka.tls
        proof = ["--kafka-ca", files.ca, "--kafka-certificate", files.client_certificate, "--kafka-key", files.client_key] \
            if files else []
        return ["--kafka-brokers", self.kafka.bootstrap, *proof]

    def store_options(self, certificate_of=redis_servers.Secrets.OPERATOR):
        """Of our programs; `certificate_of`: whose certificate they show."""
        options = [option for server in self.redis.sentinels for option in ("--redis", server.address)]
        options += ["--redis-sentinel-master", redis_servers.MASTER_NAME]
        return options + (self.guard.platform_options(certificate_of) if self.guard else [])

    def _options_of(self, name, kind):
        options = self.store_options(name)
        if self._advertise and kind in ("routing", "session"):
            options += ["--advertise", self._advertise]
        if kind == "routing":
            options += ["--event-log-limit", 512]
        if kind == "replicator":
            options += self.kafka_options()
        return options
