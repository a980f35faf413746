"""The process stands still for longer than its leases hold, as on a laptop whose lid was closed."""

import json
import time
import urllib.request

import grpc
from meridian_client import AgentClient
from people import Agent, Customer
from waiting import eventually

LONGER_THAN_A_LEASE_S = 11
SERVING = b"\x08\x01"


def status(platform):
    with urllib.request.urlopen(platform.http + "/readyz", timeout=5) as response:
        return json.load(response)["status"]


def test_after_a_pause_longer_than_a_lease_it_goes_on_where_it_was(platform):
    name, agent, customer = platform.on_shift("es"), Agent(), Customer(platform, "visitor-1")
    assert status(platform) == "ready"
    platform.pause()
    until = time.monotonic() + LONGER_THAN_A_LEASE_S
    eventually(lambda: time.monotonic() > until, LONGER_THAN_A_LEASE_S + 5, "the end of the lease")
    platform.go_on()

    submitted = customer.submit("Hola, buenas tardes. Me han cobrado dos veces la misma factura.")
    with AgentClient(platform.grpc, platform.token("agent", name), name, agent) as client:
        client.accept(agent.wait_offer(submitted.contact_id)).result(timeout=10)
        customer.say("Muchas gracias.")
        agent.wait_text(customer.conversation_id, "Muchas gracias.")
    assert status(platform) == "ready"
    with grpc.insecure_channel(platform.grpc) as channel:
        assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=5) == SERVING
