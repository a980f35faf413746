"""A whole region on one machine, as deploy/dev/region starts it: a conversation, parts that are killed in its middle, its
events in Kafka under one trace, and nothing left behind."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import types
import urllib.request

import pytest
from conftest import STUBS  # noqa: F401  the stubs are on the path
from meridian_client import AgentClient
from people import Agent, Customer
from running_kafka import RELAYED_WITHIN_S, kcat_headers, topic_of
from running_standalone import BUILD, MERIDIANCTL, ROOT
from waiting import eventually

REGION = ROOT / "deploy/dev/region"
PAGE = "http://127.0.0.1:8400/"
TRACE = "0af7651916cd43dd8448eb211c80319c"
FIRST = "Hola, buenas tardes. Me han cobrado dos veces la misma factura y quisiera que me ayuden, por favor."


class RunningRegion:
    def __init__(self, folder, *options):
        self.folder = folder / "region"
        self._log = folder / "region.log"
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen([sys.executable, REGION, "--data", self.folder, "--programs", BUILD,
                                              *options], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def wait_ready(self):
        eventually(lambda: (self.folder / "addresses.json").exists() or self._process.poll() is not None, 60, self.log)
        assert self._process.poll() is None, self.log()
        self.addresses = json.loads((self.folder / "addresses.json").read_text())
        return self

    def log(self):
        logs = [self._log, *sorted((self.folder / "logs").glob("*.log"))]
        return "\n".join(f"== {log.name}\n{log.read_text(errors='replace')[-2000:]}" for log in logs)

    def do(self, *words):
        return subprocess.run([REGION, "--data", self.folder, *words], capture_output=True, text=True, timeout=100)

    def parts(self):
        with urllib.request.urlopen(PAGE + "status.json", timeout=10) as answer:
            return {part["name"]: part for part in json.load(answer)["parts"]}

    def wait_back(self, name, before):
        """`before`: what parts() said of it."""
        def is_back():
            part = self.parts()[name]
            return part["state"] == "ready" and part["restarts"] == before["restarts"] + 1

        eventually(is_back, 40, lambda: f"{name} to be started again: {self.parts()[name]}")
        assert self.parts()[name]["pid"] != before["pid"]

    def ctl(self, *words, part=None):
        target = ["--target", self.addresses[part]] if part else []
        done = subprocess.run([MERIDIANCTL, "--data", self.folder, *target, *words], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout.strip()

    def token(self, role, subject):
        return self.ctl("token", "create", "--role", role, "--subject", subject)

    def at(self, part):
        """What a customer or an agent needs of the platform, at one of its processes."""
        return types.SimpleNamespace(grpc=self.addresses[part], token=self.token)

    def wait_end(self):
        return self._process.wait(timeout=60)

    def kill(self):
        self._process.kill()
        self._process.wait()


@pytest.fixture(name="region", scope="module")
def running_region(tmp_path_factory):
    region = RunningRegion(tmp_path_factory.mktemp("deploy"))
    try:
        yield region.wait_ready()
    finally:
        region.kill()


def processes_of(folder):
    """Processes that name something in the folder, or work in it, as Redis does, which writes its own name."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = [*(process / "cmdline").read_text().split("\0"), os.readlink(process / "cwd")]
        except OSError:
            continue  # it has ended
        if any(pathlib.Path(word).is_relative_to(folder) for word in words if word.startswith("/")):
            found.append(process.name)
    return found


def test_the_page_and_the_command_show_every_part(region):
    parts = region.parts()
    assert {"redis-primary", "redis-replica", "sentinel-1", "sentinel-2", "sentinel-3", "kafka", "ingress-1", "ingress-2",
            "agent_gateway-1", "agent_gateway-2", "admin", "replicator"} < set(parts)
    assert {part["state"] for part in parts.values()} == {"ready"}
    assert parts["redis-primary"]["shown"] == "primary" and parts["redis-replica"]["shown"] == "replica"
    assert all((pathlib.Path("/proc") / str(part["pid"])).exists() for part in parts.values())
    with urllib.request.urlopen(PAGE, timeout=10) as answer:
        assert "sentinel-3" in answer.read().decode()
    with urllib.request.urlopen(PAGE + "logs/ingress-1", timeout=10) as answer:
        assert '"service":"ingress"' in answer.read().decode()
    told = region.do("--status")
    assert told.returncode == 0 and "region local: ready" in told.stdout
    assert all(name in told.stdout for name in parts)
    assert "there are redis-primary" in region.do("--kill", "nobody").stderr
    assert "runs in" in region.do().stderr, "a second one in the same folder is refused"


def test_a_conversation_outlives_a_killed_part_and_is_one_trace_from_ingress_to_kafka(region):
    ingress, gateway = region.at("ingress-1"), region.at("agent_gateway-2")
    name, agent = region.ctl("demo", "agent", "--language", "es", "--name"), Agent()
    customer = Customer(ingress, "visitor-1", ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01"))
    with AgentClient(gateway.grpc, region.token("agent", name), name, agent) as client:
        agent.wait_attached()
        customer.submit(FIRST)
        client.accept(agent.wait_offer(customer.contact_id)).result(timeout=20)
        assignment = agent.wait_assignment(customer.contact_id)
        agent.wait_text(customer.conversation_id, FIRST)
        said = []
        for victim in [name for name, part in region.parts().items() if part["kind"] == "routing"]:
            before = region.parts()[victim]
            killed = region.do("--kill", victim)
            assert killed.returncode == 0, killed.stderr
            said.append(f"¿Sigue ahí, sin {victim}?")
            customer.say(said[-1])
            agent.wait_text(customer.conversation_id, said[-1], within=40)
            region.wait_back(victim, before)
        client.say(customer.conversation_id, "Aquí estoy.", 1).result(timeout=40)
        client.complete(assignment).result(timeout=40)
        agent.wait_ended(customer.contact_id)
    assert [text for *_, text in customer.read_back()] == [FIRST, *said, "Aquí estoy."]

    kafka = types.SimpleNamespace(bootstrap=region.addresses["kafka"])
    found = {}

    def relayed():
        for key, _, headers in kcat_headers(kafka, topic_of("local", "contact")):
            if key == customer.contact_id:
                found[headers["ce_type"].rpartition(".")[2]] = headers
        return "ContactEnded" in found

    eventually(relayed, RELAYED_WITHIN_S, lambda: f"the contact's end in Kafka; came: {list(found)}")
    assert TRACE in found["ContactQueued"]["traceparent"]
    lines = [json.loads(line) for line in (region.folder / "logs/ingress-1.log").read_text().splitlines() if TRACE in line]
    assert [(line["message"], line["contact"]) for line in lines] == [("contact submitted", customer.contact_id)]
    events = [json.loads(line) for line in region.ctl("events", "--json", "--until-now", part="replicator").splitlines()]
    queued = next(e for e in events if "contact_queued" in e and e["entity"] == customer.contact_id)
    assert TRACE in queued["envelope"]["trace"]["traceparent"]
    assert "contact" in region.ctl("timeline", customer.contact_id, part="replicator").lower()


def test_a_service_is_replaced_by_that_of_another_build(region, tmp_path):
    other = tmp_path / "services/routing"
    other.mkdir(parents=True)
    os.link(pathlib.Path(BUILD) / "services/routing/routing", other / "routing")

    def replaced(build):
        before = region.parts()["routing-1"]
        done = region.do("--replace", "routing-1", "--programs", str(build))
        assert done.returncode == 0, done.stderr
        part = region.parts()["routing-1"]
        assert (part["state"], part["restarts"], part["ended_with"]) == ("ready", before["restarts"] + 1, 0)
        return part["shown"], os.readlink(f"/proc/{part['pid']}/exe")

    assert replaced(tmp_path) == (str(tmp_path), str(other / "routing"))
    assert f" {tmp_path}\n" in region.do("--status").stdout
    assert replaced(BUILD) == ("", os.path.realpath(pathlib.Path(BUILD) / "services/routing/routing"))
    assert "is no program of Meridian's" in region.do("--replace", "kafka").stderr
    assert "there is no" in region.do("--replace", "admin", "--programs", str(tmp_path)).stderr


def test_a_part_stays_down_until_it_is_let_up(region):
    before = region.parts()["sentinel-3"]
    assert "there are redis-primary" in region.do("--down", "nobody").stderr
    assert "is not kept down" in region.do("--up", "sentinel-3").stderr
    assert region.do("--down", "sentinel-3").returncode == 0
    assert region.do("--kill", "kafka").returncode == 0
    region.wait_back("kafka", {"restarts": 0, "pid": None})
    held = region.parts()["sentinel-3"]
    assert (held["state"], held["restarts"]) == ("down", before["restarts"]), "what was killed after it is back, it is not"
    assert region.do("--up", "sentinel-3").returncode == 0
    region.wait_back("sentinel-3", before)


def test_its_end_leaves_nothing_running_and_a_crash_neither(region, tmp_path):
    stopped = region.do("--stop")
    assert stopped.returncode == 0, stopped.stderr
    assert region.wait_end() == 0, region.log()
    assert processes_of(region.folder) == []
    assert "no region runs in" in region.do("--status").stderr
    assert "has 1 brokers" in region.do("--brokers", "3").stderr
    crashed = RunningRegion(tmp_path)
    eventually(lambda: processes_of(crashed.folder / "redis"), 30, crashed.log)
    os.kill(crashed._process.pid, signal.SIGKILL)
    crashed.wait_end()
    eventually(lambda: processes_of(crashed.folder) == [], 10, lambda: f"left behind: {processes_of(crashed.folder)}")
