"""The five services as processes of their own, over a Redis that they share: a conversation through all of them."""

import subprocess

import pytest
from conftest import STUBS  # noqa: F401  the stubs are on the path
from meridian_client import AgentClient
from people import Agent, Customer
from running_service import RunningService
from running_standalone import DEMO_TENANT, MERIDIANCTL
from waiting import eventually

PORT = 6390  # of Redis, in the test's own network
FIRST = "Hola, buenas tardes. Me han cobrado dos veces la misma factura y quisiera que me ayuden, por favor."


def ctl(folder, *arguments):
    done = subprocess.run([MERIDIANCTL, "--data", folder, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout.strip()


@pytest.fixture(name="redis")
def running_redis(tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir()
    process = subprocess.Popen(
        ["redis-server", "--port", str(PORT), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", "",
         "--maxmemory-policy", "noeviction", "--repl-backlog-ttl", "0"], stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: subprocess.run(["redis-cli", "-p", str(PORT), "ping"], capture_output=True).stdout == b"PONG\n",
                   20, "redis")
        yield f"127.0.0.1:{PORT}"
    finally:
        process.kill()
        process.wait()


def test_a_conversation_goes_through_five_processes_over_redis(redis, tmp_path):
    data = tmp_path / "installation"
    keys = data / "keys"
    keys.mkdir(parents=True)
    store = ["--redis", redis, "--redis-durability", "async", "--redis-replicas", "0"]
    started = []

    def token(role, subject):
        return ctl(data, "token", "create", "--role", role, "--subject", subject)

    def start(name, **how):
        started.append(RunningService(name, tmp_path, token, keys, **how).start())
        return started[-1]

    try:
        routing = start("routing", options=store)
        session = start("session", routing=routing.grpc, options=store)
        others = {"routing": routing.grpc, "session": session.grpc}
        ingress, gateway = start("ingress", **others), start("agent_gateway", **others)
        admin = start("admin", routing=routing.grpc)
        ctl(data, "--target", admin.grpc, "apply", DEMO_TENANT)
        name = ctl(data, "--target", admin.grpc, "demo", "agent", "--language", "es", "--name")
        agent, customer = Agent(), Customer(ingress, "visitor-1")
        with AgentClient(gateway.grpc, token("agent", name), name, agent) as client:
            agent.wait_attached()
            customer.submit(FIRST)
            client.accept(agent.wait_offer(customer.contact_id)).result(timeout=10)
            assignment = agent.wait_assignment(customer.contact_id)
            agent.wait_text(customer.conversation_id, FIRST)
            client.say(customer.conversation_id, "Buenas tardes, ahora mismo lo miro.", 1).result(timeout=10)
            client.complete(assignment).result(timeout=10)
            agent.wait_ended(customer.contact_id)
        assert [text for _, _, _, text in customer.read_back()] == [FIRST, "Buenas tardes, ahora mismo lo miro."]
    finally:
        for service in reversed(started):
            service.kill()
