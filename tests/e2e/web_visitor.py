"""A customer over HTTP and WebSocket, as a page would do it, with only the standard library and `websockets`."""

import json
import urllib.request

from meridian_client import uuid7
from websockets.sync.client import connect


def open_session(platform, site_key="demo-site", origin=None):
    """(status, JSON answer) of POST /v1/visitor-sessions."""
    request = urllib.request.Request(
        platform.http + "/v1/visitor-sessions", json.dumps({"siteKey": site_key}).encode(),
        {"Content-Type": "application/json", "Origin": origin or platform.http})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def open_socket(platform, path, subprotocol, token, origin=None):
    return connect(platform.http.replace("http", "ws", 1) + path, subprotocols=[subprotocol, "bearer." + token],
                   origin=origin or platform.http, open_timeout=10, legacy=True)


class WebVisitor:
    """Keeps what it has not been acknowledged, and what it has read. Frames are read when the test asks for them."""

    def __init__(self, platform):
        status, session = open_session(platform)
        assert status == 200, session
        self.token = session["token"]
        self.conversation_id = session["conversationId"]
        self.messages = []
        self.statuses = []
        self._platform = platform
        self._socket = None
        self._unacknowledged = {}  # request id → frame
        self._number = 0

    @property
    def is_idle(self):
        return not self._unacknowledged

    def connect(self):
        self._socket = open_socket(self._platform, "/v1/ingress", "meridian.ingress.v1", self.token)
        assert self._socket.subprotocol == "meridian.ingress.v1"
        for frame in self._unacknowledged.values():
            self._socket.send(json.dumps(frame))

    def watch(self):
        after = self.messages[-1]["number"] if self.messages else "0"
        self._send({"watchContact": {"conversationId": self.conversation_id, "afterNumber": after}}, is_kept=False)

    def break_off(self):
        """As a network does: no closing handshake."""
        self._socket.socket.close()
        self._socket = None

    def close(self):
        self._socket.close()

    def submit(self, text, **fields):
        self._number += 1
        request_id = uuid7()
        self._send({"submitContact": {"requestId": request_id, "channel": "chat", "parts": [{"text": {"text": text}}],
                                      "clientNumber": str(self._number), **fields}}, request_id)
        return self.result_of(request_id)["submitContact"]

    def say(self, text):
        self._number += 1
        self._send({"sendMessage": {"conversationId": self.conversation_id, "clientNumber": str(self._number),
                                    "parts": [{"text": {"text": text}}]}})

    def command(self, name, **fields):
        request_id = uuid7()
        self._send({name: {"requestId": request_id, "conversationId": self.conversation_id, **fields}}, request_id)
        return self.result_of(request_id)

    def heartbeat(self):
        """Reads up to its answer; the token that is in force then."""
        self._socket.send(json.dumps({"heartbeat": {}}))
        while "heartbeat" not in self.read():
            pass
        return self.token

    def _send(self, command, request_id=None, is_kept=True):
        frame = {"requestId": request_id or uuid7(), **command}
        if is_kept:
            self._unacknowledged[frame["requestId"]] = frame
        self._socket.send(json.dumps(frame))

    def result_of(self, request_id):
        while True:
            frame = self.read()
            if frame.get("result", {}).get("requestId") == request_id:
                return frame["result"]

    def read_until(self, condition):
        while not condition():
            self.read()

    def read(self, timeout=20):
        frame = json.loads(self._socket.recv(timeout=timeout))
        if "result" in frame:
            assert "error" not in frame["result"], frame
            self._unacknowledged.pop(frame["result"]["requestId"], None)
        if "tokenRenewed" in frame:
            self.token = frame["tokenRenewed"]["token"]
        if "message" in frame.get("watch", {}):
            self.messages.append(frame["watch"]["message"])
        if "status" in frame.get("watch", {}):
            self.statuses.append(frame["watch"]["status"])
        return frame

    def texts(self):
        return [m["parts"][0]["text"]["text"] for m in self.messages]
