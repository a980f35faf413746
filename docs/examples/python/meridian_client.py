"""An agent's side of Meridian over gRPC, with nothing of Meridian's in between but its protos.

AgentClient keeps one agent attached. A stream breaks when a server restarts or a network does; the client opens it
again, attaches, says how far it has read, sends unanswered commands again under their ids, and reclaims work that the
server gave up while it was away. Every command may be repeated: the server answers a repeat with the first answer.
"""

import collections
import queue
import random
import secrets
import threading
import time
import uuid
from concurrent.futures import Future

import grpc
from meridian.agent.v1 import agent_service_pb2 as pb
from meridian.agent.v1 import agent_service_pb2_grpc as rpc

HEARTBEAT_S = 20
LONGEST_PAUSE_S = 5
RECLAIM_AFTER_S = 2  # of an attach: until then, held work has come back
PASSING = ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED")  # the same command may succeed a moment later
FULL = ("CONVERSATION_FULL", "TOO_MANY_AGENTS")  # it will not
WRONG_CLOCK = ("REQUEST_TOO_OLD", "REQUEST_FROM_FUTURE")
FOR_GOOD = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT)
CHANNEL_OPTIONS = (("grpc.initial_reconnect_backoff_ms", 200), ("grpc.min_reconnect_backoff_ms", 200),
                   ("grpc.max_reconnect_backoff_ms", 2000), ("grpc.keepalive_time_ms", 30000))


class Refused(Exception):
    """A command's error: `code`, `reason` (both stable), and words for a person."""

    def __init__(self, error):
        super().__init__(f"{error.code} {error.reason}: {error.message}")
        self.error = error


class Superseded(Exception):
    """Another stream attached the agent; this one has ended and does not come back by itself."""


def uuid7(offset_ms=0):
    """An id that begins with the time, as Meridian wants them for requests."""
    milliseconds = time.time_ns() // 1_000_000 + offset_ms
    bits = (milliseconds << 80) | (0x7 << 76) | (secrets.randbits(12) << 64) | (0b10 << 62) | secrets.randbits(62)
    return str(uuid.UUID(int=bits))


def bearer(token):
    return (("authorization", f"Bearer {token}"),)


def text_of(message):
    return "\n".join(part.text.text for part in message.parts if part.HasField("text"))


class AgentHandler:
    """What happens to an agent. Called on the client's thread, one call at a time: return soon, and never wait there for
    the future of a command, whose answer comes on the same thread."""

    def attached(self, client, attached):
        pass

    def offer_made(self, client, offer):
        pass

    def offer_rescinded(self, client, rescinded):
        pass

    def assignment_started(self, client, assignment):
        """New work, or after an attach work that the agent holds; its messages follow."""

    def assignment_changed(self, client, changed):
        pass

    def assignment_ended(self, client, ended):
        pass

    def message_received(self, client, conversation_id, message):
        """Each message once and in order, also over reconnects, as long as this object lives."""

    def activity_changed(self, client, changed):
        pass


class AgentClient:
    def __init__(self, address, token, agent, handler, activity="available"):
        """`token` is a string, or a function that returns a fresh one for each connect."""
        self.agent = agent
        self.assignments = {}  # contact id → AssignmentStarted, of the work in hand
        self._address = address
        self._token = token if callable(token) else lambda: token
        self._handler = handler
        self._activity = activity
        self._lock = threading.Lock()
        self._pending = collections.OrderedDict()  # request id → (ConnectRequest, Future), sent and not answered
        self._outgoing = queue.SimpleQueue()  # of the present stream
        self._attached = False
        self._clock_offset_ms = 0
        self._last_number = {}  # conversation id → number of the last message handed to the handler
        self._unconfirmed = set()  # contact ids that were ours before the stream broke
        self._call = None
        self._stopped = threading.Event()
        self._ended = Future()
        self._thread = threading.Thread(target=self._run, name=f"meridian-{agent}", daemon=True)

    # ---- Life ----

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        """Closes the stream; work in hand stays the agent's for the grace time."""
        self._stopped.set()
        if self._call:
            self._call.cancel()
        self._thread.join()

    def wait(self):
        """Until stop(), or raises why the client gave up (token refused, superseded)."""
        return self._ended.result()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # ---- Commands: each returns the Future of a CommandResult, or of Refused ----

    def accept(self, offer):
        return self._command(accept_offer=pb.AcceptOffer(**_work(offer)))

    def reject(self, offer):
        return self._command(reject_offer=pb.RejectOffer(**_work(offer)))

    def say(self, conversation_id, text, client_number):
        """`client_number` rises within the conversation and may have gaps. Give the same words the same number when in
        doubt whether they were sent, also after a restart of your program: they then appear once."""
        message = pb.SendMessage(conversation_id=conversation_id, client_number=client_number)
        message.parts.add().text.text = text
        return self._command(send_message=message)

    def hold(self, assignment):
        return self._command(hold_contact=pb.HoldContact(**_work(assignment)))

    def resume(self, assignment):
        return self._command(resume_contact=pb.ResumeContact(**_work(assignment)))

    def complete(self, assignment):
        return self._command(complete_contact=pb.CompleteContact(**_work(assignment)))

    def end_wrap_up(self, assignment):
        return self._command(end_wrap_up=pb.EndWrapUp(**_work(assignment)))

    def hand_over(self, assignment):
        """To the next step of the plan: how a bot gives the contact to a person."""
        return self._command(transfer_contact=pb.TransferContact(**_work(assignment), next_step=pb.NextStep()))

    def set_activity(self, activity):
        self._activity = activity
        return self._command(set_activity=pb.SetActivity(activity=activity))

    def refresh_token(self, token):
        """For the stream that is open; later ones ask the `token` function."""
        return self._command(refresh_token=pb.RefreshToken(token=token))

    # ---- The stream ----

    def _command(self, **command):
        request = pb.ConnectRequest(request_id=uuid7(self._clock_offset_ms), agent=self.agent, **command)
        answer = Future()
        with self._lock:
            self._pending[request.request_id] = (request, answer)
            if self._attached:
                self._outgoing.put(request)
        return answer

    def _run(self):
        pause = 0.1
        while not self._stopped.is_set():
            started = time.monotonic()
            try:
                self._serve()
            except grpc.RpcError as error:
                if error.code() in FOR_GOOD and not self._stopped.is_set():
                    return self._ended.set_exception(error)
            except Exception as error:  # Superseded, or a handler's own: the program that waits is told
                return self._ended.set_exception(error)
            pause = 0.1 if time.monotonic() - started > 5 else min(pause * 2, LONGEST_PAUSE_S)
            self._stopped.wait(pause * random.uniform(0.5, 1))
        self._ended.set_result(None)

    def _serve(self):
        """One stream, from its opening until it breaks."""
        outgoing = queue.SimpleQueue()
        with self._lock:
            self._outgoing = outgoing
            self._attached = False
        self._unconfirmed = set(self.assignments)
        outgoing.put(self._attach_request())
        with grpc.insecure_channel(self._address, options=CHANNEL_OPTIONS) as channel:
            self._call = rpc.AgentServiceStub(channel).Connect(self._requests(outgoing), metadata=bearer(self._token()))
            try:
                if not self._stopped.is_set():
                    for response in self._call:
                        self._take(response)
            finally:
                self._call.cancel()
                outgoing.put(None)

    def _requests(self, outgoing):
        while True:
            try:
                request = outgoing.get(timeout=HEARTBEAT_S)
            except queue.Empty:
                request = pb.ConnectRequest(heartbeat=pb.Heartbeat())
            if request is None:
                return
            yield request

    def _attach_request(self):
        attach = pb.Attach(activity=self._activity)
        for assignment in self.assignments.values():
            conversation = assignment.contact.conversation_id
            attach.positions.add(conversation_id=conversation, after_number=self._last_number.get(conversation, 0))
        return pb.ConnectRequest(request_id=uuid7(self._clock_offset_ms), agent=self.agent, attach=attach)

    # ---- What comes in ----

    def _take(self, response):
        update = response.WhichOneof("update")
        if update and update != "heartbeat":
            getattr(self, f"_on_{update}")(getattr(response, update))

    def _on_result(self, result):
        with self._lock:
            request, answer = self._pending.pop(result.request_id, (None, None))
            is_clock_wrong = result.error.reason in WRONG_CLOCK
            if is_clock_wrong:
                self._clock_offset_ms = result.error.shard_time_ms - time.time_ns() // 1_000_000
            if request and (is_clock_wrong or _is_passing(result.error)):
                if is_clock_wrong:
                    request.request_id = uuid7(self._clock_offset_ms)
                self._pending[request.request_id] = (request, answer)
                threading.Timer(random.uniform(0.1, 1), self._send_again, [request.request_id]).start()
                return
        if request is None and result.HasField("error"):  # of the attach
            if not is_clock_wrong and not _is_passing(result.error):
                raise Refused(result.error)
            self._call.cancel()  # this stream is of no use, the next one may be
        elif request is None:
            return
        elif result.HasField("error"):
            answer.set_exception(Refused(result.error))
        else:
            answer.set_result(result)

    def _send_again(self, request_id):
        with self._lock:
            if request_id in self._pending and self._attached:
                self._outgoing.put(self._pending[request_id][0])

    def _on_attached(self, attached):
        with self._lock:
            self._attached = True
            for request, _ in self._pending.values():
                self._outgoing.put(request)
        self._handler.attached(self, attached)
        if self._unconfirmed:
            threading.Timer(RECLAIM_AFTER_S, self._reclaim, [self._call]).start()

    def _reclaim(self, call):
        """What has not come back by then, the server does not count as ours any more."""
        if call is not self._call:
            return
        for contact_id in list(self._unconfirmed):
            assignment = self.assignments.pop(contact_id, None)
            if assignment is not None:
                self._command(reclaim=pb.Reclaim(**_work(assignment)))

    def _on_detached(self, detached):
        if detached.reason == pb.Detached.REASON_SUPERSEDED:
            raise Superseded(f"{self.agent} was attached by another stream")
        self._call.cancel()

    def _on_offer_made(self, offer):
        self._handler.offer_made(self, offer)

    def _on_offer_rescinded(self, rescinded):
        self._handler.offer_rescinded(self, rescinded)

    def _on_assignment_started(self, assignment):
        self.assignments[assignment.contact.contact_id] = assignment
        self._unconfirmed.discard(assignment.contact.contact_id)
        self._handler.assignment_started(self, assignment)

    def _on_assignment_changed(self, changed):
        self._handler.assignment_changed(self, changed)

    def _on_assignment_ended(self, ended):
        self.assignments.pop(ended.contact_id, None)
        self._handler.assignment_ended(self, ended)

    def _on_message_received(self, received):
        if received.message.number <= self._last_number.get(received.conversation_id, 0):
            return
        self._last_number[received.conversation_id] = received.message.number
        self._handler.message_received(self, received.conversation_id, received.message)

    def _on_resync(self, resync):
        conversation = resync.conversation_id
        self._command(read_conversation=pb.ReadConversation(
            conversation_id=conversation, after_number=self._last_number.get(conversation, 0)))

    def _on_activity_changed(self, changed):
        self._handler.activity_changed(self, changed)


def _is_passing(error):
    return error.code in PASSING and error.reason not in FULL


def _work(offer_or_assignment):
    return {"contact_id": offer_or_assignment.contact.contact_id, "offer_token": offer_or_assignment.offer_token}
