"""Ended work is found again, complete, whatever happened to the process in between."""

import glob
import os
import re

import grpc
import pytest
from meridian.admin.v1 import history_service_pb2 as history_pb
from meridian.admin.v1 import history_service_pb2_grpc as history_rpc
from meridian.event.v1 import event_pb2
from meridian.event.v1 import event_service_pb2 as event_stream
from meridian.event.v1 import event_service_pb2_grpc as event_rpc
from meridian.type.v1 import contact_pb2
from meridian_client import AgentClient, bearer
from people import Agent, Customer
from waiting import eventually

TEXT = "Hola, buenas tardes. Quisiera saber si el pedido que hice ayer ya ha salido del almacén."


class History:
    """What an operator asks of the history."""

    def __init__(self, platform):
        self._platform = platform

    def ask(self, method, request):
        with grpc.insecure_channel(self._platform.grpc) as channel:
            call = getattr(history_rpc.HistoryServiceStub(channel), method)
            return call(request, metadata=bearer(self._platform.token("admin", "reports")), timeout=10)

    def timeline(self, contact_id):
        """None while history does not have it."""
        try:
            return self.ask("GetContactTimeline", history_pb.GetContactTimelineRequest(contact_id=contact_id))
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND, error
            return None

    def ended(self, **restrictions):
        """Of all pages, the newest first."""
        found, token = [], ""
        while True:
            page = self.ask("ListEndedContacts", history_pb.ListEndedContactsRequest(
                page_size=7, page_token=token, **restrictions))
            found += page.contacts
            token = page.next_page_token
            if not token:
                return found


def events_by_contact(platform):
    """contact id → its public events, from the event stream."""
    found = {}
    with grpc.insecure_channel(platform.grpc) as channel:
        stub = event_rpc.EventServiceStub(channel)
        request = event_stream.StreamRequest(until_now=True, topics=[event_pb2.TOPIC_CONTACT])
        for response in stub.Stream(request, metadata=bearer(platform.token("admin", "reports")), timeout=20):
            for event in response.events:
                if event.WhichOneof("body") != "term_started":
                    found.setdefault(event.entity, []).append(event)
    return found


def serve_one(platform, address):
    """A conversation of four messages and its contact, completed."""
    name, agent, customer = platform.on_shift("es"), Agent(), Customer(platform, address)
    with AgentClient(platform.grpc, platform.token("agent", name), name, agent) as client:
        agent.wait_attached()
        submitted = customer.submit(TEXT)
        client.accept(agent.wait_offer(submitted.contact_id)).result(timeout=10)
        assignment = agent.wait_assignment(submitted.contact_id)
        client.say(customer.conversation_id, "Un momento, lo miro.", 1).result(timeout=10)
        customer.say("Gracias.")
        customer.say("Aquí espero.")
        client.complete(assignment).result(timeout=10)
        agent.wait_ended(submitted.contact_id)
    return name, customer


def test_a_conversation_is_found_with_its_timeline_and_its_decisions(platform):
    history = History(platform)
    name, customer = serve_one(platform, "history-1")
    has_ended = lambda: (found := history.timeline(customer.contact_id)) and found.contact.HasField("ended_at") and found
    found = eventually(has_ended, what="the end in the history")
    assert list(found.events) == events_by_contact(platform)[customer.contact_id], "the very events that were streamed"
    assert [e for e in found.events if e.HasField("contact_offered")][-1].contact_offered.HasField("decision")

    contact = found.contact
    assert contact.state == contact_pb2.CONTACT_STATE_COMPLETED and contact.reason == "COMPLETED_BY_AGENT"
    assert contact.agent == name and contact.offers >= 1 and contact.channel == "chat" and contact.language.startswith("es")
    order = [contact.queued_at, contact.assigned_at, contact.ended_at]
    assert [t.ToNanoseconds() for t in order] == sorted(t.ToNanoseconds() for t in order)
    assert contact in history.ended(agent=name)
    assert contact not in history.ended(queue="no-such-queue")

    seen = eventually(lambda: (c := history.ask("GetConversation", history_pb.GetConversationRequest(
        conversation_id=customer.conversation_id))).conversation.other_messages and c, what="the messages")
    assert (seen.conversation.customer_messages, seen.conversation.other_messages) == (3, 1)
    assert list(seen.contacts) == [contact] and seen.conversation.contacts == 1
    assert TEXT not in str(seen) and TEXT not in str(found), "texts stay with the session"

    table = platform.ctl("history", "--agent", name, "--since", "10m")
    assert re.search(rf"{customer.contact_id} +completed +COMPLETED_BY_AGENT", table)
    assert "offered" in platform.ctl("timeline", customer.contact_id)
    assert customer.contact_id in platform.ctl("timeline", customer.conversation_id)


def test_bad_questions_are_told_what_is_wrong(platform):
    history = History(platform)
    for method, request, field in (
            ("ListEndedContacts", history_pb.ListEndedContactsRequest(page_size=1001), "page_size"),
            ("ListEndedContacts", history_pb.ListEndedContactsRequest(page_size=-1), "page_size"),
            ("ListEndedContacts", history_pb.ListEndedContactsRequest(page_token="x"), "page_token"),
            ("ListEndedContacts", history_pb.ListEndedContactsRequest(customer_id="x"), "customer_id"),
            ("ListClosedConversations", history_pb.ListClosedConversationsRequest(page_token="7."), "page_token"),
            ("GetContactTimeline", history_pb.GetContactTimelineRequest(), "contact_id"),
            ("GetConversation", history_pb.GetConversationRequest(conversation_id="eu1-7"), "conversation_id")):
        try:
            history.ask(method, request)
            raise AssertionError(f"{method} answered {request}")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and field in error.details()
    assert history.timeline("local-01932c07-209c-7b5e-8f2e-6a1f0c9d2b34") is None
    assert platform.ctl("timeline", "local-01932c07-209c-7b5e-8f2e-6a1f0c9d2b34", check=False) == ""


def test_nothing_is_missing_or_doubled_after_kills(platform):
    history = History(platform)
    customers = []
    for kill in range(4):
        for number in range(6):
            customers.append(Customer(platform, f"killed {kill} {number}"))
            customers[-1].submit(TEXT)
            if number % 2:
                customers[-1].cancel()
        platform.kill()
        platform.start()
    expected = events_by_contact(platform)

    def complete():
        return all((found := history.timeline(c.contact_id)) and len(found.events) >= len(expected[c.contact_id])
                   for c in customers)

    eventually(complete, what="all timelines")
    for contact_id, events in events_by_contact(platform).items():
        found = history.timeline(contact_id)
        assert list(found.events)[:len(events)] == events
        assert len(found.events) == len({e.entity_revision for e in found.events}), "nothing twice"
    canceled = {c.contact_id for c in history.ended() if c.state == contact_pb2.CONTACT_STATE_CANCELED}
    assert {c.contact_id for c in customers[1::2]} <= canceled


def test_an_unreadable_history_keeps_nobody_from_being_served(platform):
    platform.stop()
    (platform.data / "history.db").write_bytes(b"no database at all, " * 500)
    platform.start()
    customer = Customer(platform, "history-unreadable")
    assert customer.submit(TEXT).contact_id
    with pytest.raises(grpc.RpcError) as refused:
        History(platform).ask("ListEndedContacts", history_pb.ListEndedContactsRequest())
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE and "could not be opened" in refused.value.details()
    assert "the history cannot be opened" in platform.log()


def test_a_lost_history_is_made_anew_from_what_the_logs_still_have(platform):
    history = History(platform)
    _, customer = serve_one(platform, "history-lost")
    eventually(lambda: (f := history.timeline(customer.contact_id)) and f.contact.HasField("ended_at"), what="its end")
    before = history.timeline(customer.contact_id)
    platform.stop()
    for file in glob.glob(os.path.join(platform.data, "history.db*")):
        os.remove(file)
    platform.start()
    eventually(lambda: (f := history.timeline(customer.contact_id)) and f.contact.HasField("ended_at"), what="its end again")
    assert history.timeline(customer.contact_id) == before
