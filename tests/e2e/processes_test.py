"""Ingress, the agents' gateway and the operators' calls as processes of their own, beside a standalone that serves them
routing and session over links: a conversation through all of them, and through the death of two."""

import forged_tokens
import grpc
import pytest
from conftest import STUBS  # noqa: F401  the stubs are on the path
from meridian.admin.v1 import admin_service_pb2 as admin
from meridian.admin.v1 import admin_service_pb2_grpc as admin_rpc
from meridian_client import AgentClient, bearer, uuid7
from people import Agent, Customer
from running_service import RunningService
from running_standalone import Standalone

LINK = "/meridian.internal.link.v1.LinkService/Link"
FIRST = "Hola, buenas tardes. Me han cobrado dos veces la misma factura y quisiera que me ayuden, por favor."


@pytest.fixture(name="platform")
def platform_with_links(tmp_path):
    platform = Standalone(tmp_path, options=["--links"])
    try:
        yield platform.start()
        platform.stop()
    finally:
        platform.kill()


@pytest.fixture(name="edges")
def edges_of(platform, tmp_path):
    links = platform.addresses["links"]
    edges = {name: RunningService(name, tmp_path, platform.token, platform.data / "keys", routing=links,
                                  session=None if name == "admin" else links)
             for name in ("ingress", "agent_gateway", "admin")}
    try:
        yield {name: edge.start() for name, edge in edges.items()}
    finally:
        for edge in edges.values():
            edge.kill()


def test_a_conversation_goes_through_processes_of_their_own_and_the_death_of_two(platform, edges):
    gateway, ingress = edges["agent_gateway"], edges["ingress"]
    with grpc.insecure_channel(edges["admin"].grpc) as channel:
        config = admin_rpc.AdminServiceStub(channel).GetConfig(
            admin.GetConfigRequest(), metadata=bearer(platform.token("admin", "olga")), timeout=10)
        assert config.config.agents
    name, agent, customer = platform.on_shift("es"), Agent(), Customer(ingress, "visitor-1")
    with AgentClient(gateway.grpc, platform.token("agent", name), name, agent) as client:
        agent.wait_attached()
        customer.submit(FIRST)
        client.accept(agent.wait_offer(customer.contact_id)).result(timeout=10)
        agent.wait_assignment(customer.contact_id)
        agent.wait_text(customer.conversation_id, FIRST)
        client.say(customer.conversation_id, "Buenas tardes, ahora mismo lo miro.", 1).result(timeout=10)
        gateway.kill()
        ingress.kill()
    gateway.start()
    ingress.start()
    again = Agent()
    with AgentClient(gateway.grpc, platform.token("agent", name), name, again) as client:
        assignment = again.wait_assignment(customer.contact_id)
        assert assignment.resumed, "it died with the agent's work in hand, and nothing of it was lost"
        customer.say("Muchas gracias.")
        again.wait_text(customer.conversation_id, "Muchas gracias.")
        client.complete(assignment).result(timeout=10)
        again.wait_ended(customer.contact_id)
    assert [(number, text) for number, _, _, text in customer.read_back()] == [
        (1, FIRST), (2, "Buenas tardes, ahora mismo lo miro."), (3, "Muchas gracias.")]


def test_a_configuration_of_many_agents_goes_through_admin(platform, edges):
    with grpc.insecure_channel(edges["admin"].grpc, options=[("grpc.max_receive_message_length", -1)]) as channel:
        operators = admin_rpc.AdminServiceStub(channel)
        as_operator = {"metadata": bearer(platform.token("admin", "olga")), "timeout": 60}
        config = operators.GetConfig(admin.GetConfigRequest(), **as_operator).config
        config.ClearField("revision")
        known = len(config.agents)
        for number in range(40_000):
            config.agents.add().CopyFrom(config.agents[number % known])
            config.agents[-1].name = f"one-of-many-{number:05d}"
            config.agents[-1].display_name = "n" * 120
        assert config.ByteSize() > 8 << 20
        applied = operators.ApplyConfig(
            admin.ApplyConfigRequest(request_id=uuid7(), config=config), **as_operator)
        assert applied.published
        assert len(operators.GetConfig(admin.GetConfigRequest(), **as_operator).config.agents) == known + 40_000


def test_links_open_for_services_alone(platform, tmp_path):
    def code_of(token):
        with grpc.insecure_channel(platform.addresses["links"]) as channel:
            call = channel.stream_stream(LINK)(iter([b""]), metadata=None if token is None else bearer(token), timeout=5)
            try:
                next(call, None)
            except grpc.RpcError as error:
                return error.code()
        return grpc.StatusCode.OK

    for token in (None, "", "garbage", "a.b.c"):
        assert code_of(token) == grpc.StatusCode.UNAUTHENTICATED
    for role in ("agent", "integrator", "supervisor", "admin", "auditor"):
        token = platform.token(role, "somebody")
        assert code_of(token) == grpc.StatusCode.PERMISSION_DENIED
        assert code_of(forged_tokens.expired(platform, token)) == grpc.StatusCode.UNAUTHENTICATED
        assert code_of(forged_tokens.by_another_key(platform, token, tmp_path)) == grpc.StatusCode.UNAUTHENTICATED
