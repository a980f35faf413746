"""Apache Kafka (KRaft) for development and tests: one to three brokers on this machine, each a process that can be
stopped, killed and started again. The jars are those of .tools/kafka (deploy/dev/install).

    with Cluster(folder) as kafka:
        kafka.bootstrap             # "127.0.0.1:PORT"
        kafka.brokers[0].kill()     # as a crash; start() brings it back with its data
"""

import contextlib
import pathlib
import signal
import socket
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools/kafka"
LOG_SETTINGS = pathlib.Path(__file__).resolve().parent / "kafka_jars/log4j2.properties"
CLUSTER_ID = "meridianDevCluster0001"  # 22 characters of base64, as Kafka wants them
READY_LINE = "Kafka Server started"
READY_WITHIN_S = 60

# Small and quick to start, for a machine that does other things too.
SMALL = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
FOR_LOAD = ("-Xmx512m", "-XX:+UseSerialGC")

# A dead broker is noticed within about two seconds, one that comes back is not kept waiting for its old session.
QUICK_FAIL_OVER = """\
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=800
controller.quorum.election.backoff.max.ms=200
controller.quorum.request.timeout.ms=1000
controller.quorum.retry.backoff.ms=20
replica.lag.time.max.ms=3000
"""


class KafkaFailed(Exception):
    pass


def free_ports(count):
    """Different from each other: all are held until the last one is found."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for any_socket in held:
            any_socket.bind(("127.0.0.1", 0))
        return [any_socket.getsockname()[1] for any_socket in held]


def java(main_class, *arguments, jvm=SMALL):
    """The command line of a JVM over Kafka's jars. Class data of an earlier start are shared when there are any."""
    jars = sorted((TOOLS / "libs").glob("*.jar"))
    if not jars:
        raise KafkaFailed(f"no jars in {TOOLS}/libs: run deploy/dev/install")
    archive = TOOLS / "classes.jsa"
    sharing = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
    return ["java", *sharing, *jvm, f"-Dlog4j2.configurationFile={LOG_SETTINGS}", "-cp", ":".join(map(str, jars)),
            main_class, *map(str, arguments)]


class Broker:
    def __init__(self, cluster, number, port, controller_port):
        self.port = port
        self.controller_port = controller_port
        self._cluster = cluster
        self._number = number
        self._folder = cluster.folder / f"broker{number}"
        self._settings = cluster.folder / f"broker{number}.properties"
        self.log = cluster.folder / f"broker{number}.log"
        self._process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        """Of the process that runs."""
        return self._process.pid

    def write_settings(self):
        replicas = min(3, len(self._cluster.brokers))
        voters = ",".join(f"{b._number}@127.0.0.1:{b.controller_port}" for b in self._cluster.brokers)
        self._settings.write_text(f"""\
process.roles=broker,controller
node.id={self._number}
controller.quorum.voters={voters}
listeners=CLIENT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}
advertised.listeners=CLIENT://127.0.0.1:{self.port}
listener.security.protocol.map=CLIENT:{"SSL" if self._cluster.tls else "PLAINTEXT"},CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
{self._cluster.tls.settings() if self._cluster.tls else ""}
log.dirs={self._folder}
default.replication.factor={replicas}
min.insync.replicas={max(1, replicas - 1)}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={max(1, replicas - 1)}
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={max(1, replicas - 1)}
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
{QUICK_FAIL_OVER}""")

    def format(self):
        if (self._folder / "meta.properties").exists():
            return
        done = subprocess.run(java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", self._settings),
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise KafkaFailed(f"formatting {self._folder}: {done.stdout}{done.stderr}")

    def command(self, jvm_options=()):
        """For whoever starts the process itself; it serves once it has printed READY_LINE."""
        return java("kafka.Kafka", self._settings, jvm=(*self._cluster.jvm, *jvm_options))

    def launch(self, jvm_options=()):
        """Starts the process; wait_ready says when it serves."""
        self._ready = threading.Event()
        self._process = subprocess.Popen(self.command(jvm_options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, text=True, start_new_session=True)
        threading.Thread(target=self._copy_output, args=(self._process.stdout,), daemon=True).start()

    def wait_ready(self):
        if not self._ready.wait(READY_WITHIN_S) or self._process.poll() is not None:
            raise KafkaFailed(f"the broker did not start:\n{self.log.read_text()[-4000:]}")

    def start(self):
        self.launch()
        self.wait_ready()

    def _copy_output(self, output):
        ready = self._ready
        with open(self.log, "a") as log:
            for line in output:
                log.write(line)
                log.flush()
                if READY_LINE in line:
                    ready.set()
        ready.set()  # it ended: nobody needs to wait longer

    def stop(self):
        """In good order: it hands its partitions over and writes what it holds."""
        self._end(signal.SIGTERM)

    def kill(self):
        """As a crash."""
        self._end(signal.SIGKILL)

    def pause(self):
        """Frozen: connections stay open and nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how):
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


class MutualTls:
    """A certificate authority with one certificate for the brokers and one for clients, made anew; PEM files."""

    def __init__(self, folder):
        self._folder = folder
        self.ca = folder / "ca.pem"
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=development CA",
                      "-keyout", folder / "ca.key", "-out", self.ca)
        self.client_certificate, self.client_key = self._issue("client")
        certificate, key = self._issue("broker")
        self._broker = folder / "broker_both.pem"
        self._broker.write_text(key.read_text() + certificate.read_text())

    def settings(self):
        return (f"ssl.keystore.type=PEM\nssl.keystore.location={self._broker}\n"
                f"ssl.truststore.type=PEM\nssl.truststore.location={self.ca}\nssl.client.auth=required")

    def _issue(self, name):
        key, request, certificate = (self._folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        names = self._folder / "names"
        names.write_text("subjectAltName=IP:127.0.0.1")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._folder / "ca.key",
                      "-CAcreateserial", "-days", "30", "-extfile", names, "-out", certificate)
        return certificate, key

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Cluster:
    def __init__(self, folder, brokers=1, port=0, jvm=SMALL, tls=False):
        """`port`: of the first broker, the others' follow and then those of their controllers; 0 chooses free ones.
        `tls`: clients must prove who they are; `self.tls` has their files."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tls = MutualTls(self.folder) if tls else None
        self.jvm = jvm
        self.brokers = []
        ports = range(port, port + 2 * brokers) if port else free_ports(2 * brokers)
        for index in range(brokers):
            self.brokers.append(Broker(self, index + 1, ports[index], ports[brokers + index]))

    @property
    def bootstrap(self):
        return ",".join(broker.address for broker in self.brokers)

    def start(self):
        for broker in self.brokers:
            broker.write_settings()
            broker.format()
        for broker in self.brokers:
            broker.launch()
        for broker in self.brokers:
            broker.wait_ready()
        return self

    def stop(self):
        for broker in self.brokers:
            broker.kill()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()


def make_class_archive(folder):
    """Starts a broker once and keeps the classes that it loaded: later ones start in half the time."""
    archive = TOOLS / "classes.jsa"
    archive.unlink(missing_ok=True)
    cluster = Cluster(folder)
    broker = cluster.brokers[0]
    broker.write_settings()
    broker.format()
    broker.launch(jvm_options=(f"-XX:ArchiveClassesAtExit={archive}",))
    try:
        broker.wait_ready()
    finally:
        broker.stop()
    if not archive.exists():
        raise KafkaFailed(f"no class archive was written:\n{broker.log.read_text()[-2000:]}")
