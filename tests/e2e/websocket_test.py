"""Ingress and the agents' stream over WebSocket, resumed after broken connections and a crash."""

import base64
import json
import random
import time

import pytest
from meridian_client import uuid7
from waiting import eventually
from web_visitor import WebVisitor, open_session, open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

FIRST = "Hola, quisiera saber si tienen esta chaqueta en talla grande, por favor."


def test_resume_without_loss_or_duplicates(platform):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    visitor = WebVisitor(platform)
    visitor.connect()
    submitted = visitor.submit(FIRST)
    assert submitted["conversationId"] == visitor.conversation_id
    assert submitted["language"].split("-")[0] == "es"
    visitor.watch()
    said = [FIRST]
    for round_number in range(12):
        for _ in range(chance.randrange(1, 6)):
            said.append(f"mensaje {len(said)}")
            visitor.say(said[-1])
        for _ in range(chance.randrange(0, 5)):
            visitor.read()
        if round_number == 6:
            platform.kill()
            platform.start()
        visitor.break_off()
        visitor.connect()
        visitor.watch()
    visitor.read_until(lambda: visitor.is_idle and len(visitor.messages) >= len(said))
    assert [int(m["number"]) for m in visitor.messages] == list(range(1, len(said) + 1)), "no gap, nothing twice"
    assert visitor.texts() == said
    read_through_breaks = list(visitor.messages)

    visitor.messages = []
    visitor.watch()
    visitor.read_until(lambda: len(visitor.messages) >= len(said))
    assert visitor.messages == read_through_breaks, "read back from position 0"
    assert visitor.command("leaveConversation")
    visitor.close()


class WebAgent:
    def __init__(self, platform, name):
        self.name = name
        self._socket = open_socket(platform, "/v1/agent", "meridian.agent.v1", platform.token("agent", name))
        self.send(attach={"activity": "available"})
        self.read_until("attached")

    def send(self, **command):
        self._socket.send(json.dumps({"requestId": uuid7(), "agent": self.name, **command}))

    def refused(self, **command):
        """The error of a command."""
        self.send(**command)
        while True:
            frame = json.loads(self._socket.recv(timeout=20))
            if "result" in frame:
                return frame["result"]["error"]

    def read_until(self, name):
        while True:
            frame = json.loads(self._socket.recv(timeout=20))
            assert "error" not in frame.get("result", {}), frame
            if name in frame:
                return frame[name]


def test_an_agent_over_websocket_talks_with_a_customer_over_websocket(platform):
    agent = WebAgent(platform, platform.on_shift("es"))
    visitor = WebVisitor(platform)
    visitor.connect()
    submitted = visitor.submit(FIRST)
    visitor.watch()
    offer = agent.read_until("offerMade")
    assert offer["contact"]["contactId"] == submitted["contactId"]
    work = {"contactId": submitted["contactId"], "offerToken": offer["offerToken"]}
    agent.send(acceptOffer=work)
    agent.read_until("assignmentStarted")
    assert agent.read_until("messageReceived")["message"]["parts"][0]["text"]["text"] == FIRST
    agent.send(sendMessage={"conversationId": visitor.conversation_id, "clientNumber": "1",
                            "parts": [{"text": {"text": "Sí, la tenemos."}}]})
    visitor.read_until(lambda: "Sí, la tenemos." in visitor.texts())
    visitor.read_until(lambda: any(s["state"] == "CONTACT_STATE_ASSIGNED" and s["agentName"] for s in visitor.statuses))
    agent.send(completeContact=work)
    agent.read_until("assignmentEnded")
    visitor.read_until(lambda: visitor.statuses[-1]["state"] == "CONTACT_STATE_COMPLETED")


def test_a_second_stream_takes_the_agent_over(platform):
    name = platform.on_shift("es")
    first = WebAgent(platform, name)
    second = WebAgent(platform, name)
    assert first.read_until("detached")["reason"] == "REASON_SUPERSEDED"
    second.send(heartbeat={})
    second.read_until("heartbeat")


def test_an_agent_renews_its_token_on_the_open_stream(platform):
    first, second = "lucia", "mateo"
    agent = WebAgent(platform, first)
    agent.name = second
    assert agent.refused(attach={})["reason"] == "AGENT_DENIED"
    assert agent.refused(refreshToken={"token": platform.token("agent", second)})["reason"] == "TOKEN_OF_ANOTHER"
    assert agent.refused(refreshToken={"token": "a.b.c"})["code"] == "UNAUTHENTICATED"
    agent.send(refreshToken={"token": platform.token("agent", first, "--agent", first, "--agent", second)})
    agent.read_until("result")
    agent.send(attach={"activity": "available"})
    assert agent.read_until("attached"), "the stream goes by the new token"


@pytest.mark.parametrize("site_key, origin", [("no-such-site", None), ("demo-site", "https://elsewhere.example")])
def test_only_a_known_site_from_its_own_pages_opens_sessions(platform, site_key, origin):
    status, answer = open_session(platform, site_key, origin)
    assert status == 403
    assert answer["error"]["reason"] in ("SITE_UNKNOWN", "ORIGIN_DENIED")


def test_a_visitor_token_is_bound_to_its_conversation_and_origin(platform):
    visitor, other = WebVisitor(platform), WebVisitor(platform)
    for one in (visitor, other):
        one.connect()
        one.submit(FIRST)
    visitor.conversation_id = other.conversation_id
    with pytest.raises(AssertionError, match="SESSION_DENIED"):
        visitor.command("leaveConversation")
    elsewhere = "https://elsewhere.example"
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        open_socket(platform, "/v1/ingress", "meridian.ingress.v1", visitor.token, elsewhere).recv(timeout=10)


def end_of(token):
    """Unix time at which the token ends."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]


def is_refused(platform, token):
    try:
        open_socket(platform, "/v1/ingress", "meridian.ingress.v1", token).close()
    except InvalidStatus:
        return True
    return False


@pytest.mark.parametrize("platform", [("--visitor-token-life", "10s")], indirect=True)
def test_a_visitor_token_is_renewed_for_as_long_as_its_session_lives(platform):
    visitor = WebVisitor(platform)
    visitor.connect()
    visitor.submit(FIRST)
    visitor.watch()
    first = visitor.token
    second = eventually(lambda: (renewed := visitor.heartbeat()) != first and renewed, what="a new token")
    assert time.time() < end_of(first) < end_of(second)
    eventually(lambda: is_refused(platform, first), what="the end of the old token")
    assert time.time() >= end_of(first)

    visitor.break_off()
    visitor.connect()
    visitor.watch()
    visitor.say("sigo aquí")
    visitor.read_until(lambda: visitor.texts() == [FIRST, "sigo aquí"])
    third = eventually(lambda: (renewed := visitor.heartbeat()) != second and renewed, what="another new token")
    assert time.time() < end_of(second)

    visitor.command("leaveConversation")
    eventually(lambda: visitor.heartbeat() != third or is_refused(platform, third), what="the end of the last token")
    assert visitor.heartbeat() == third, "the session has ended"


def test_many_refused_sockets_leave_the_server_well(platform):
    for token in ("", "garbage", "a.b.c"):
        with pytest.raises((InvalidStatus, ConnectionClosed)):
            open_socket(platform, "/v1/ingress", "meridian.ingress.v1", token).recv(timeout=10)
    assert eventually(lambda: open_session(platform)[0] == 200, what="a session")


def test_a_visitor_token_needs_its_origin_and_no_other_beside_it(platform):
    token = open_session(platform)[1]["token"]

    def connect_with(*origins):
        return connect(platform.http.replace("http", "ws", 1) + "/v1/ingress", origin=None, open_timeout=10, legacy=True,
                       subprotocols=["meridian.ingress.v1", "bearer." + token],
                       additional_headers=[("Origin", origin) for origin in origins])

    connect_with(platform.http).close()
    for origins in ([], [platform.http, "https://elsewhere.example"], [platform.http, platform.http]):
        with pytest.raises((InvalidStatus, ConnectionClosed)):
            connect_with(*origins).recv(timeout=10)
