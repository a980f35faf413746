"""Redis for development and tests: a primary, its replicas and, when asked for, sentinels on this machine, each a process
that can be stopped, killed, frozen and started again with its data.

    with RedisServers(folder, sentinels=3) as redis:
        redis.primary.address       # "127.0.0.1:PORT"
        redis.primary.kill()        # as a crash; start() brings it back
"""

import contextlib
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import time
from typing import NamedTuple

READY_WITHIN_S = 30
MASTER_NAME = "meridian"

# What the platform asks of a server (docs/operations/redis.md); small and quick otherwise.
SETTINGS = """\
save ""
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
repl-diskless-sync yes
repl-diskless-sync-delay 0
repl-ping-replica-period 1
min-replicas-to-write 0
"""


class RedisFailed(Exception):
    pass


class Place(NamedTuple):
    """Where a server runs: the address that it has there, and the words before a command that put it there."""
    host: str = "127.0.0.1"
    before: tuple = ()

    def settings(self):
        return f"bind {self.host}\n" + ("" if self.host == HERE.host else "protected-mode no\n")


HERE = Place()


def free_ports(count):
    """All different."""
    with contextlib.ExitStack() as open_sockets:
        found = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in found]


def port_in(config):
    return int(re.search(r"^(?:tls-)?port ([1-9]\d*)", config.read_text(), re.MULTILINE)[1])


def port_kept(folder, name):
    """Of a server that has been in the folder before, else None."""
    config = folder / name / "redis.conf"
    return port_in(config) if config.exists() else None


class Secrets:
    """TLS with a certificate on both sides, and users with passwords, where otherwise everybody on this machine may do
    everything. `certificates`: as deploy/dev/certificates makes them, one for each server and one for the operator."""

    STORE = "meridian"
    OPERATOR = "operator"  # of replicas, sentinels and redis-cli
    # What the store needs (docs/operations/redis.md).
    RIGHTS = ("~meridian:* &meridian:* +fcall +function|load +function|list +info +config|get +wait +ping +publish "
              "+subscribe +get +set +mget +del +unlink +hget +hset +hdel +hmget +hgetall +hlen +hvals +hexists +xadd +xtrim "
              "+xrange +xrevrange +rpush +lpop +llen +lindex +zadd +zrangebylex +time")

    def __init__(self, certificates, folder):
        self._certificates = pathlib.Path(certificates)
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        for user in (self.STORE, self.OPERATOR):
            if not self.password_file(user).exists():
                with open(os.open(self.password_file(user), os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                    file.write(secrets.token_hex(24))

    def password_file(self, user):
        return self._folder / f"{user}.password"

    def password(self, user):
        return self.password_file(user).read_text()

    def _files(self, name):
        folder = self._certificates / name
        return folder / "certificate.pem", folder / "key.pem", folder / "roots.pem"

    def settings(self, name, port, sentinel):
        certificate, key, roots = self._files(name)
        store, operator = self.password(self.STORE), self.password(self.OPERATOR)
        shared = (f"port 0\ntls-port {port}\ntls-cert-file {certificate}\ntls-key-file {key}\ntls-ca-cert-file {roots}\n"
                  f'tls-auth-clients yes\ntls-replication yes\ntls-protocols "TLSv1.3"\n'
                  f"user default off\nuser {self.OPERATOR} on >{operator} ~* &* +@all\n")
        if sentinel:
            return (f"{shared}user {self.STORE} on >{store} &* +@all\nsentinel sentinel-user {self.OPERATOR}\n"
                    f"sentinel sentinel-pass {operator}\n")
        return f"{shared}user {self.STORE} on >{store} {self.RIGHTS}\nmasteruser {self.OPERATOR}\nmasterauth {operator}\n"

    def watch_settings(self):
        """Of a sentinel, once it knows whom it watches."""
        return (f"sentinel auth-user {MASTER_NAME} {self.OPERATOR}\n"
                f"sentinel auth-pass {MASTER_NAME} {self.password(self.OPERATOR)}\n")

    def client(self):
        """redis-cli's options; its password is in the environment."""
        certificate, key, roots = self._files(self.OPERATOR)
        return ["--tls", "--cert", certificate, "--key", key, "--cacert", roots, "--user", self.OPERATOR, "--no-auth-warning"]

    def platform_options(self, certificate_of):
        """Of our programs; `certificate_of`: whose certificate they show."""
        certificate, key, roots = self._files(certificate_of)
        return ["--redis-user", self.STORE, "--redis-password-file", self.password_file(self.STORE), "--redis-ca", roots,
                "--redis-certificate", certificate, "--redis-key", key]


class Server:
    """One process: a server, or a sentinel."""

    def __init__(self, folder, name, settings, port, sentinel=False, place=HERE, guard=None):
        """A server that has settings in its folder keeps them, as a fail-over left them."""
        self.name = name
        self.place = place
        self._guard = guard
        self.folder = folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log = self.folder / "log"
        self._config = self.folder / "redis.conf"
        self._process = None
        self.command = [*place.before, "redis-server", self._config, *(["--sentinel"] if sentinel else [])]
        if not self._config.exists():
            listen = guard.settings(name, port, sentinel) if guard else f"port {port}\n"
            self._config.write_text(f"{listen}dir {self.folder}\n{place.settings()}{settings}")
        self.port = port_in(self._config)

    @property
    def address(self):
        return f"{self.place.host}:{self.port}"

    @property
    def pid(self):
        """Of the process that runs."""
        return self._process.pid

    def start(self):
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(self.command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        # The port may be somebody else's by now.
        self.until(lambda: f"process_id:{self._process.pid}\n" in self.ask("INFO", "server"), "to have its port")
        self.until(lambda: self.ask("PING") == "PONG", "to answer")
        return self

    def follow(self, host, port):
        """From its next start on."""
        kept = [line for line in self._config.read_text().splitlines() if not line.startswith("replicaof ")]
        self._config.write_text("\n".join([*kept, f"replicaof {host} {port}", ""]))

    def ask(self, *command):
        """The answer as redis-cli prints it; "" when there is none."""
        client = [*self.place.before, "redis-cli", "-h", self.place.host, "-p", str(self.port)]
        environment = dict(os.environ)
        if self._guard:
            client += self._guard.client()
            environment["REDISCLI_AUTH"] = self._guard.password(Secrets.OPERATOR)
        done = subprocess.run([*client, *command], capture_output=True, text=True, timeout=10, env=environment)
        return done.stdout.strip() if done.returncode == 0 else ""

    def until(self, condition, what):
        deadline = time.monotonic() + READY_WITHIN_S
        while not condition():
            if self._process.poll() is not None or time.monotonic() > deadline:
                logs = "\n".join(f"{log.parent.name}: {log.read_text(errors='replace')[-1500:]}"
                                 for log in sorted(self.folder.parent.glob("*/log")))
                raise RedisFailed(f"{self.name} was expected {what}:\n{logs}")
            time.sleep(0.02)  # lint: allow sleep: between two looks, with a deadline

    def has_ended(self):
        """By itself."""
        return self._process.poll() is not None

    def kill(self):
        """As a crash."""
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGTERM)

    def freeze(self):
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how):
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(how)
        self._process.wait(timeout=20)
        self._process = None


class RedisServers:
    def __init__(self, folder, replicas=1, sentinels=0, down_after_ms=1000, settings="", port=None, near=HERE, far=HERE,
                 guard=None):
        """`port`: of the primary, the replicas' and the sentinels' follow; None: free ones. The primary starts `near`,
        all others `far`. `guard`: Secrets, or everybody may do everything."""
        folder = pathlib.Path(folder)
        count = 1 + replicas + sentinels
        ports = iter(range(port, port + count) if port else free_ports(count))
        self.primary = Server(folder, "primary", SETTINGS + settings, port=next(ports), place=near, guard=guard)
        self.replicas = [Server(folder, f"replica{n}", f"{SETTINGS}{settings}replicaof {near.host} {self.primary.port}\n"
                                f"replica-priority {100 if n == 0 else 0}\n", port=next(ports), place=far, guard=guard)
                         for n in range(replicas)]
        watch = (f"sentinel monitor {MASTER_NAME} {near.host} {self.primary.port} {sentinels // 2 + 1}\n"
                 f"sentinel down-after-milliseconds {MASTER_NAME} {down_after_ms}\n"
                 f"sentinel failover-timeout {MASTER_NAME} 5000\n" + (guard.watch_settings() if guard else ""))
        self.sentinels = [Server(folder, f"sentinel{n}", watch, sentinel=True, port=next(ports), place=far, guard=guard)
                          for n in range(sentinels)]

    def rejoin(self, server):
        """Before a server starts again: it follows the primary that most sentinels name. Left to itself a former primary
        comes back as one, and the sentinels wait ten seconds before they make it a replica."""
        named = [sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME).split() for sentinel in self.sentinels]
        for address in named:
            if len(address) == 2 and named.count(address) > len(named) // 2 and address[1] != str(server.port):
                return server.follow(*address)

    def start(self):
        """Ready when the replicas have all that the primary has, and each sentinel knows them and its peers."""
        self.primary.start()
        for replica in self.replicas:
            replica.start()
        self.primary.until(lambda: self.primary.ask("INFO", "replication").count("state=online") == len(self.replicas),
                           "to have its replicas in step")
        for sentinel in self.sentinels:
            sentinel.start()
        for sentinel in self.sentinels:
            sentinel.until(lambda: self.knows_all(sentinel), "to know the others")
        return self

    def knows_all(self, sentinel):
        words = sentinel.ask("SENTINEL", "MASTER", MASTER_NAME).split()
        known = dict(zip(words, words[1:]))
        return known.get("num-slaves") == str(len(self.replicas)) and \
            known.get("num-other-sentinels") == str(len(self.sentinels) - 1)

    def stop(self):
        for server in (*self.sentinels, *self.replicas, self.primary):
            server.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        for server in (*self.sentinels, *self.replicas, self.primary):
            server.kill()
