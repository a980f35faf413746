"""A customer and an agent who write down what they see, over gRPC."""

import threading

import grpc
from meridian.ingress.v1 import ingress_service_pb2 as ingress
from meridian.ingress.v1 import ingress_service_pb2_grpc as ingress_rpc
from meridian.session.v1 import session_service_pb2 as session
from meridian.session.v1 import session_service_pb2_grpc as session_rpc
from meridian.type.v1 import message_pb2
from meridian_client import AgentHandler, bearer, text_of, uuid7
from waiting import eventually


def seen(message):
    """What must be equal on both sides."""
    kind = message_pb2.AuthorKind.Name(message.author_kind).replace("AUTHOR_KIND_", "").lower()
    return int(message.number), kind, message.author, text_of(message)


def parts_of(text):
    return [message_pb2.MessagePart(text=message_pb2.TextPart(text=text))]


def insistently(call, within=30):
    """The answer of an idempotent call, which is repeated while the server is away."""
    answers = []

    def answered():
        try:
            answers.append(call())
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise
        return answers

    return eventually(answered, within, "an answer")[0]


class Customer:
    """A person whose texts an integrator's server brings to Meridian."""

    def __init__(self, platform, address, *metadata):
        self._platform = platform
        self._token = (*bearer(platform.token("integrator", "shop")), *metadata)
        self._identity = ingress.Identity(kind="web", address=address)
        self._number = 0
        self.contact_id = ""
        self.conversation_id = ""

    def _channel(self):
        return grpc.insecure_channel(self._platform.grpc)

    def submit(self, text, **fields):
        self._number += 1
        request = ingress.SubmitContactRequest(request_id=uuid7(), identity=self._identity, channel="chat",
                                               parts=parts_of(text), client_number=self._number, **fields)
        with self._channel() as channel:
            stub = ingress_rpc.IngressServiceStub(channel)
            answer = insistently(lambda: stub.SubmitContact(request, metadata=self._token, timeout=10))
        self.contact_id, self.conversation_id = answer.contact_id, answer.conversation_id
        return answer

    def say(self, text):
        self._number += 1
        request = ingress.SendMessageRequest(conversation_id=self.conversation_id, client_number=self._number,
                                             parts=parts_of(text))
        with self._channel() as channel:
            stub = ingress_rpc.IngressServiceStub(channel)
            return insistently(lambda: stub.SendMessage(request, metadata=self._token, timeout=5)).number

    def cancel(self):
        request = ingress.CancelContactRequest(contact_id=self.contact_id, conversation_id=self.conversation_id)
        with self._channel() as channel:
            stub = ingress_rpc.IngressServiceStub(channel)
            insistently(lambda: stub.CancelContact(request, metadata=self._token, timeout=5))

    def read_back(self):
        """The whole conversation from position 0."""
        messages = []
        with self._channel() as channel:
            stub = session_rpc.SessionServiceStub(channel)
            while True:
                after = messages[-1].number if messages else 0
                request = session.ListMessagesRequest(conversation_id=self.conversation_id, after_number=after)
                page = insistently(lambda: stub.ListMessages(request, metadata=self._token, timeout=5))
                messages += page.messages
                if not page.messages or messages[-1].number >= page.last_number:
                    return [seen(m) for m in messages]

    def states(self):
        """Watches; a list that grows by the contact's states, as the customer may know them."""
        found = []

        def watch():
            request = ingress.WatchContactRequest(conversation_id=self.conversation_id)
            with self._channel() as channel:
                try:
                    for update in ingress_rpc.IngressServiceStub(channel).WatchContact(request, metadata=self._token):
                        if update.HasField("status"):
                            found.append(update.status)
                except grpc.RpcError:
                    pass  # the test kills the server; what was seen is in `found`

        threading.Thread(target=watch, daemon=True).start()
        return found


class Agent(AgentHandler):
    """Writes down; accepts when the test says so. The test's thread waits for what the client's thread appends."""

    def __init__(self):
        self.attachments = []
        self.offers = []
        self.assignments = []
        self.changes = []
        self.endings = []
        self.messages = {}  # conversation id → what was seen, in order

    def attached(self, client, attached):
        self.attachments.append(attached)

    def offer_made(self, client, offer):
        self.offers.append(offer)

    def assignment_started(self, client, assignment):
        self.assignments.append(assignment)

    def assignment_changed(self, client, changed):
        self.changes.append(changed)

    def assignment_ended(self, client, ended):
        self.endings.append(ended)

    def message_received(self, client, conversation_id, message):
        self.messages.setdefault(conversation_id, []).append(seen(message))

    def wait_attached(self, times=1):
        eventually(lambda: len(self.attachments) >= times, what="attached")

    def wait_offer(self, contact_id=None, within=20):
        def find():
            return [o for o in self.offers if contact_id in (None, o.contact.contact_id)]

        return eventually(find, within, lambda: f"an offer of {contact_id}; came: {self.offers}")[-1]

    def wait_assignment(self, contact_id):
        def find():
            return [a for a in self.assignments if a.contact.contact_id == contact_id]

        return eventually(find, what=f"the assignment of {contact_id}")[-1]

    def wait_text(self, conversation_id, text, within=20):
        def texts():
            return [m[3] for m in self.messages.get(conversation_id, [])]

        eventually(lambda: text in texts(), within, lambda: f"“{text}” in {texts()}")

    def wait_ended(self, contact_id):
        return eventually(lambda: [e for e in self.endings if e.contact_id == contact_id], what="the end")[-1]
