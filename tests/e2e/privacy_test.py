"""Canaries: what a customer says and is called stays in the conversation, and reaches no log, metric, event or history."""

import re
import urllib.error
import urllib.request

import grpc
import pytest
from meridian.event.v1 import event_service_pb2 as event_pb
from meridian_client import AgentClient, bearer
from people import Agent, Customer
from running_standalone import Standalone
from web_visitor import WebVisitor, open_socket
from websockets.exceptions import ConnectionClosed

NAME, ADDRESS, TEXT, ANSWER, MISPLACED = (
    "Canaria Plumas", "canaria-7f3a@jaula.example", "Mi canario amarillo-91c2 no canta desde ayer, ¿qué hago?",
    "Póngale alpiste-5be8 fresco.", "XCANARY-misplaced-4d0e")
CANARIES = [word.encode() for word in
            ("Canaria", "Plumas", "canaria-7f3a", "jaula.example", "amarillo-91c2", "alpiste-5be8", "misplaced-4d0e")]


@pytest.fixture(name="talkative")
def platform_that_logs_all(tmp_path):
    platform = Standalone(tmp_path, options=("--log-level", "debug", "--log-file", tmp_path / "platform.log"))
    try:
        yield platform.start()
    finally:
        platform.kill()


def events_of(platform):
    """The whole stream as it comes over the wire."""
    token = bearer(platform.token("integrator", "shop"))
    with grpc.insecure_channel(platform.grpc) as channel:
        call = channel.unary_stream("/meridian.event.v1.EventService/Stream",
                                    request_serializer=event_pb.StreamRequest.SerializeToString,
                                    response_deserializer=bytes)
        return b"".join(call(event_pb.StreamRequest(until_now=True), metadata=token, timeout=20))


def misplace(platform, customer):
    """Says personal words where none belong: each is refused, and the refusal is nobody else's business."""
    with pytest.raises(grpc.RpcError):
        customer.submit(TEXT, country=MISPLACED, attributes={"topic": MISPLACED})
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{platform.http}/{MISPLACED}?{MISPLACED}", timeout=10)
    visitor = WebVisitor(platform)
    socket = open_socket(platform, "/v1/ingress", "meridian.ingress.v1", visitor.token)
    socket.send('{"submitContact": "' + MISPLACED)
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=10)


def talk(platform, agent, client, customer, first_number):
    client.say(customer.conversation_id, ANSWER, first_number).result(timeout=10)
    customer.say(TEXT)
    agent.wait_text(customer.conversation_id, TEXT)


def test_no_canary_leaves_its_conversation(talkative, tmp_path):
    platform = talkative
    name, agent, customer = platform.on_shift("es"), Agent(), Customer(platform, ADDRESS)
    kept = {}

    def keep(when):
        kept["metrics " + when] = platform.metrics()
        kept["events " + when] = events_of(platform)
        kept["contacts " + when] = platform.ctl("contacts").encode()
        kept["explain " + when] = platform.ctl("explain", customer.contact_id).encode()

    with AgentClient(platform.grpc, platform.token("agent", name), name, agent) as client:
        agent.wait_attached()
        submitted = customer.submit(TEXT, attributes={"note": NAME, "name": NAME})
        client.accept(agent.wait_offer(submitted.contact_id)).result(timeout=10)
        assignment = agent.wait_assignment(submitted.contact_id)
        talk(platform, agent, client, customer, 1)
        misplace(platform, Customer(platform, ADDRESS + ".misplaced"))
        keep("before")
        platform.stop()
        platform.start()
        agent.wait_attached(2)
        talk(platform, agent, client, customer, 2)
        client.complete(assignment).result(timeout=10)
        agent.wait_ended(submitted.contact_id)
        keep("after")
    platform.stop()

    said = [text for *_, text in agent.messages[customer.conversation_id]]
    assert said.count(ANSWER) == 2 and said.count(TEXT) == 3, "the canaries did go through"
    kept["standard output"] = platform.log().encode()
    kept["log"] = (tmp_path / "platform.log").read_bytes()
    kept["history"] = (platform.data / "history.db").read_bytes()
    assert b"ready" in kept["log"] and b"draining" in kept["log"]
    assert b"meridian_calls_started_total" in kept["metrics after"]
    assert submitted.contact_id.encode() in kept["explain after"]
    assert name.encode() in kept["events after"] and name.encode() in kept["history"]
    found = [(where, canary.decode()) for where, content in kept.items() for canary in CANARIES if
             re.search(re.escape(canary), content, re.IGNORECASE)]
    assert not found
