"""What each service says of itself while what it depends on goes and comes back, and how it ends."""

import json
import subprocess
import threading
import time

import grpc
import pytest
from conftest import STUBS  # noqa: F401  the stubs are on the path
from meridian.ingress.v1 import ingress_service_pb2 as ingress_pb
from meridian.ingress.v1 import ingress_service_pb2_grpc as ingress_rpc
from meridian_client import bearer
from people import Customer
from running_redis import RedisServers
from running_service import RunningService
from running_standalone import DEMO_TENANT, MERIDIANCTL
from waiting import eventually
from web_visitor import open_session

SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
HEALTH = "/grpc.health.v1.Health/"
DRAIN_LIMIT_S = 6
PORTS = {"routing": 9100, "session": 9110, "ingress": 9120, "agent_gateway": 9130, "admin": 9140, "replicator": 9150}


class Installation:
    """The six services over one Redis, each on ports that it keeps."""

    def __init__(self, folder):
        self.redis = RedisServers(folder / "redis", replicas=0)
        self._data = folder / "installation"
        keys = self._data / "keys"
        keys.mkdir(parents=True)
        store = ["--redis", self.redis.primary.address, "--redis-durability", "async", "--redis-replicas", "0"]
        drain = ["--drain-limit", f"{DRAIN_LIMIT_S}s"]
        own = {"ingress": ["--admit-own-page"]}
        self.services = {
            name: RunningService(name, folder, self.token, keys, port=port, options=[*store, *drain, *own.get(name, [])])
            for name, port in PORTS.items()}

    def __enter__(self):
        self.redis.start()
        for service in self.services.values():
            service.start()
        for service in self.services.values():
            until_ready(service)
        self.ctl("apply", DEMO_TENANT)
        return self

    def __exit__(self, *_):
        for service in reversed(self.services.values()):
            service.kill()
        self.redis.primary.kill()

    def ctl(self, *arguments):
        done = subprocess.run([MERIDIANCTL, "--data", self._data, "--target", f"127.0.0.1:{PORTS['admin'] + 1}",
                               *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout.strip()

    def token(self, role, subject):
        return self.ctl("token", "create", "--role", role, "--subject", subject)


@pytest.fixture(name="installation", scope="module")
def running_installation(tmp_path_factory):
    with Installation(tmp_path_factory.mktemp("health")) as installation:
        yield installation


def readiness(service):
    status, text = service.get("/readyz")
    return status, json.loads(text)


def health(service, name=""):
    with grpc.insecure_channel(service.grpc) as channel:
        request = b"\x0a" + bytes([len(name)]) + name.encode() if name else b""
        return channel.unary_unary(HEALTH + "Check")(request, timeout=5)


def until_ready(service):
    eventually(lambda: readiness(service) == (200, {"status": "ready"}), 60, lambda: readiness(service))
    eventually(lambda: health(service) == SERVING, 5, "SERVING")


def until_away(service, dependency):
    """Not ready, for this among all that is away; and it lives."""
    def missing():
        status, said = readiness(service)
        return status == 503 and said["status"] == "not_ready" and [a["dependency"] for a in said["away"]]

    eventually(lambda: dependency in (missing() or []), 60, lambda: readiness(service))
    eventually(lambda: health(service) == NOT_SERVING, 5, "NOT_SERVING")
    assert health(service, "alive") == SERVING
    assert service.get("/healthz") == (200, '{"status":"alive"}')


def test_a_shard_without_its_store_is_not_ready_and_comes_back(installation):
    primary, services = installation.redis.primary, installation.services
    for take_away, bring_back in ((primary.freeze, primary.go_on), (primary.kill, primary.start)):
        take_away()
        for name in ("routing", "session", "replicator"):
            until_away(services[name], "store")
        assert readiness(services["admin"])[0] == 200, "it reaches routing, which says for itself what it lacks"
        bring_back()
        for service in services.values():
            until_ready(service)


def test_an_edge_without_its_link_is_not_ready_and_comes_back(installation):
    services = installation.services
    services["session"].kill()
    for name in ("ingress", "agent_gateway"):
        until_away(services[name], "link to session")
    for name in ("routing", "admin"):
        assert readiness(services[name])[0] == 200, "it does without session"
    services["session"].start()
    for service in services.values():
        until_ready(service)


def test_each_process_serves_what_belongs_to_it(installation):
    services = installation.services
    prometheus = {"Authorization": "Bearer " + installation.token("service", "prometheus")}
    for name, method in (("ingress", "/meridian.ingress.v1.IngressService/SubmitContact"),
                         ("agent_gateway", "/meridian.agent.v1.AgentService/Connect"),
                         ("admin", "/meridian.admin.v1.AdminService/GetConfig"),
                         ("routing", "/meridian.internal.link.v1.LinkService/Link"),
                         ("session", "/meridian.internal.link.v1.LinkService/Link")):
        status, metrics = services[name].get("/metrics", **prometheus)
        assert status == 200 and f'meridian_calls_started_total{{method="{method}"}}' in metrics, name
        assert services[name].get("/metrics")[0] == 401, name
    for name, pages in (("ingress", ("/", "/customer/page.js", "/shared/page.css")),
                        ("agent_gateway", ("/agent", "/agent/page.js", "/shared/page.css"))):
        for page in pages:
            assert services[name].get(page)[0] == 200, f"{page} of {name}"
    for name, page in (("ingress", "/agent"), ("agent_gateway", "/"), ("admin", "/"), ("routing", "/agent")):
        assert services[name].get(page)[0] == 404, f"{page} of {name}"
    assert open_session(services["ingress"])[0] == 200


class Stream:
    """What one stream brings, and how it ends, on a thread of its own."""

    def __init__(self, responses):
        self.seen = []
        self.ended = None
        self._thread = threading.Thread(target=self._read, args=(responses,), daemon=True)
        self._thread.start()

    def _read(self, responses):
        try:
            for response in responses:
                self.seen.append(response)
        except grpc.RpcError as error:
            self.ended = error

    def join(self):
        self._thread.join(timeout=20)


def test_sigterm_tells_health_and_streams_and_ends_in_time(installation):
    service = installation.services["ingress"]
    customer = Customer(service, "drained-1")
    customer.submit("Hola, buenas tardes. Me han cobrado dos veces la misma factura.")
    with grpc.insecure_channel(service.grpc) as channel:
        watched = Stream(channel.unary_stream(HEALTH + "Watch")(b""))
        contact = Stream(ingress_rpc.IngressServiceStub(channel).WatchContact(
            ingress_pb.WatchContactRequest(conversation_id=customer.conversation_id),
            metadata=bearer(installation.token("integrator", "shop"))))
        eventually(lambda: watched.seen == [SERVING] and contact.seen, 20, "both streams")
        begun = time.monotonic()
        service.begin_stop()
        assert service.await_end(DRAIN_LIMIT_S + 5) == 0
        assert time.monotonic() - begun < DRAIN_LIMIT_S + 2
        watched.join()
        contact.join()
    assert watched.seen[0] == SERVING and set(watched.seen[1:]) == {NOT_SERVING}
    assert contact.ended.code() == grpc.StatusCode.UNAVAILABLE
    assert "the server is stopping" in contact.ended.details()
    service.start()
    until_ready(service)


def test_every_service_ends_well_and_in_time_also_without_its_store(installation):
    installation.redis.primary.kill()
    for name, service in reversed(installation.services.items()):
        begun = time.monotonic()
        service.begin_stop()
        assert service.await_end(DRAIN_LIMIT_S + 5) == 0, name
        assert time.monotonic() - begun < DRAIN_LIMIT_S + 2, name
