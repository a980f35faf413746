"""Mutual TLS between services: who has no certificate of the region's authority is refused, and certificates and the
authority itself are changed while the processes run."""

import json
import pathlib
import shutil
import subprocess

import grpc
import pytest
from conftest import STUBS  # noqa: F401  the stubs are on the path
from meridian.admin.v1 import admin_service_pb2 as admin
from meridian.admin.v1 import admin_service_pb2_grpc as admin_rpc
from meridian_client import bearer
from running_redis import RedisServers
from running_service import RunningService
from running_standalone import BUILD, DEMO_TENANT, MERIDIANCTL, ROOT
from waiting import eventually

LINK = "/meridian.internal.link.v1.LinkService/Link"
REACHED, REFUSED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNAVAILABLE  # of a call without a token


def make_certificates(folder):
    subprocess.run([ROOT / "deploy/dev/certificates", folder, "routing", "admin", "stranger"], check=True, timeout=30)


def options_of(folder, name):
    files = folder / name
    return ["--tls-certificate", files / "certificate.pem", "--tls-key", files / "key.pem", "--tls-ca", files / "roots.pem",
            "--tls-refresh", "1s"]


def credentials_of(folder, name):
    return grpc.ssl_channel_credentials(*((folder / name / f"{part}.pem").read_bytes()
                                          for part in ("roots", "key", "certificate")))


def code_of(address, credentials=None):
    """What a call without a token is answered over such a connection."""
    channel = grpc.insecure_channel(address) if credentials is None else grpc.secure_channel(address, credentials)
    with channel:
        try:
            next(channel.stream_stream(LINK)(iter([b""]), timeout=10), None)
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


class Installation:
    """Routing over Redis and admin, linked by mutual TLS."""

    def __init__(self, folder, redis):
        self.certificates = folder / "tls"
        make_certificates(self.certificates)
        self._data = folder / "installation"
        (self._data / "keys").mkdir(parents=True)
        self.store = store = ["--redis", redis, "--redis-durability", "async", "--redis-replicas", "0"]
        self.routing = RunningService("routing", folder, self.token, self._data / "keys",
                                      options=[*store, *options_of(self.certificates, "routing")]).start()
        self.routing.stay_at_its_port()
        self.admin = RunningService("admin", folder, self.token, self._data / "keys",
                                    options=[*store, *options_of(self.certificates, "admin")]).start()

    def ctl(self, *arguments):
        done = subprocess.run([MERIDIANCTL, "--data", self._data, *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout.strip()

    def token(self, role, subject):
        return self.ctl("token", "create", "--role", role, "--subject", subject)

    def has_agents(self):
        """As admin hears from routing."""
        with grpc.insecure_channel(self.admin.grpc) as channel:
            try:
                answer = admin_rpc.AdminServiceStub(channel).ListAgents(
                    admin.ListAgentsRequest(), metadata=bearer(self.token("admin", "olga")), timeout=10)
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                return False
        return len(answer.agents) > 0

    def kill(self):
        self.admin.kill()
        self.routing.kill()


@pytest.fixture(name="installation")
def linked_by_tls(tmp_path):
    with RedisServers(tmp_path / "redis", replicas=0) as redis:
        installation = Installation(tmp_path, redis.primary.address)
        try:
            installation.ctl("--target", installation.admin.grpc, "apply", DEMO_TENANT)
            yield installation
        finally:
            installation.kill()


def test_who_has_no_certificate_of_the_authority_is_refused(installation, tmp_path):
    assert installation.has_agents()
    routing, folder = installation.routing.grpc, installation.certificates
    make_certificates(tmp_path / "other")
    assert code_of(routing, credentials_of(folder, "stranger")) == REACHED, "it still needs a token"
    assert code_of(routing) == REFUSED, "plain text"
    assert code_of(routing, grpc.ssl_channel_credentials((folder / "ca.pem").read_bytes())) == REFUSED, "no certificate"
    forged = grpc.ssl_channel_credentials((folder / "ca.pem").read_bytes(),
                                          *((tmp_path / "other/admin" / f"{part}.pem").read_bytes()
                                            for part in ("key", "certificate")))
    assert code_of(routing, forged) == REFUSED, "of another authority"


def test_certificates_and_their_authority_are_changed_while_the_processes_run(installation, tmp_path):
    routing, folder = installation.routing.grpc, installation.certificates
    before = tmp_path / "before"
    shutil.copytree(folder / "stranger", before / "stranger")
    assert code_of(routing, credentials_of(before, "stranger")) == REACHED
    (folder / "ca.pem").unlink()
    make_certificates(folder)
    eventually(lambda: code_of(routing, credentials_of(folder, "stranger")) == REACHED, 30, "routing to take its new files")
    assert code_of(routing, credentials_of(before, "stranger")) == REFUSED, "the old authority is trusted no more"
    assert installation.has_agents(), "the link that was open goes on"
    installation.routing.kill()
    installation.routing.start()
    eventually(installation.has_agents, 30, "admin, which was not started again, to show its new certificate")


@pytest.mark.parametrize("wrong, dependency, state", [
    ("key", "placement", "refused"), ("plain", "placement", "refused"), ("address", "link to itself", "is not reached")])
def test_a_process_that_the_others_cannot_call_holds_no_shard(installation, tmp_path, wrong, dependency, state):
    keys, options = tmp_path / "installation/keys", options_of(installation.certificates, "stranger")
    if wrong == "key":
        (keys := tmp_path / "other").mkdir()
    elif wrong == "plain":
        options = []
    else:
        options += ["--advertise", "nobody.invalid"]
    stranger = RunningService("routing", tmp_path / "stranger", installation.token, keys,
                              options=[*installation.store, *options])
    (tmp_path / "stranger").mkdir()
    stranger.start()
    try:
        def says_why():
            code, text = stranger.get("/readyz")
            away = json.loads(text).get("away", [])
            return code == 503 and any(each["dependency"] == dependency and state in each["state"] for each in away)

        eventually(says_why, 30, "not ready")
        listed = installation.ctl("shards", "list", *installation.store)
        owners = {words[1] for words in map(str.split, listed.splitlines()) if words[:1] and words[0].startswith("routing/")}
        assert owners == {installation.routing.grpc}
        assert installation.has_agents()
    finally:
        stranger.kill()


def test_beyond_this_machine_nothing_is_served_in_plain_text(installation, tmp_path):
    def refused(name, *options):
        done = subprocess.run([BUILD / f"services/{name}/{name}", "--data", tmp_path / "refused", "--port", "0", "--keys",
                               tmp_path / "installation/keys", "--listen", "0.0.0.0", "--routing", installation.routing.grpc,
                               *options], capture_output=True, text=True, timeout=30)
        assert done.returncode == 2, done.stderr
        return done.stderr

    tls = options_of(installation.certificates, "admin")
    assert "--listen: must be an address of this machine without --tls-certificate" in refused("admin")
    assert "--tls-ca: must be given where there is a certificate or a key" in refused("admin", *tls[:4])
    assert "--listen 0.0.0.0 is refused without --public-certificate" in refused("admin", *tls)
    files = pathlib.Path(installation.certificates / "admin")
    public = ["--public-certificate", files / "certificate.pem", "--public-key", files / "key.pem"]
    shown = RunningService("admin", tmp_path / "shown", installation.token, tmp_path / "installation/keys",
                           routing=installation.routing.grpc, options=[*tls, *public, "--listen", "0.0.0.0"])
    (tmp_path / "shown").mkdir()
    try:
        shown.start()
        port = shown.grpc.rpartition(":")[2]
        ca = grpc.ssl_channel_credentials((files / "roots.pem").read_bytes())
        with grpc.secure_channel(f"localhost:{port}", ca) as channel:
            stub = admin_rpc.AdminServiceStub(channel)
            token = bearer(installation.token("admin", "olga"))
            assert stub.ListAgents(admin.ListAgentsRequest(), metadata=token, timeout=10).agents, "without a certificate"
        assert shown.http.startswith("http://127.0.0.1:"), "HTTP is plain text and stays here"
    finally:
        shown.kill()
