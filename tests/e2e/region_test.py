"""The five services as processes of their own, over a Redis that they share: a conversation through all of them."""

import pytest
from conftest import STUBS  # noqa: F401  the stubs are on the path
from meridian_client import AgentClient
from people import Agent, Customer
from running_region import Region, running_redis
from running_standalone import DEMO_TENANT

FIRST = "Hola, buenas tardes. Me han cobrado dos veces la misma factura y quisiera que me ayuden, por favor."


@pytest.fixture(name="region")
def running_region(tmp_path):
    with running_redis(tmp_path / "redis"):
        region = Region(tmp_path)
        try:
            yield region
        finally:
            region.end()


def test_a_conversation_goes_through_five_processes_over_redis(region):
    region.start("routing")
    region.start("session")
    ingress, gateway, admin = region.start("ingress"), region.start("agent_gateway"), region.start("admin")
    region.ctl("apply", DEMO_TENANT, target=admin.grpc)
    name = region.ctl("demo", "agent", "--language", "es", "--name", target=admin.grpc)
    agent, customer = Agent(), Customer(ingress, "visitor-1")
    with AgentClient(gateway.grpc, region.token("agent", name), name, agent) as client:
        agent.wait_attached()
        customer.submit(FIRST)
        client.accept(agent.wait_offer(customer.contact_id)).result(timeout=10)
        assignment = agent.wait_assignment(customer.contact_id)
        agent.wait_text(customer.conversation_id, FIRST)
        client.say(customer.conversation_id, "Buenas tardes, ahora mismo lo miro.", 1).result(timeout=10)
        client.complete(assignment).result(timeout=10)
        agent.wait_ended(customer.contact_id)
    assert [text for _, _, _, text in customer.read_back()] == [FIRST, "Buenas tardes, ahora mismo lo miro."]
