"""One conversation, all the way through, and through a crash: a Spanish text, the agent who speaks it and is on shift."""

import re

import grpc
from meridian.agent.v1 import agent_service_pb2 as agent_pb
from meridian.event.v1 import event_service_pb2 as event_pb
from meridian.event.v1 import event_service_pb2_grpc as event_rpc
from meridian.type.v1 import contact_pb2, envelope_pb2
from meridian_client import AgentClient, bearer
from people import Agent, Customer
from waiting import eventually
from web_visitor import WebVisitor

FIRST = "Hola, buenas tardes. Me han cobrado dos veces la misma factura y quisiera que me ayuden, por favor."


def attach(platform, name, agent):
    return AgentClient(platform.grpc, platform.token("agent", name), name, agent)


def test_a_spanish_text_reaches_a_speaker_on_shift_and_the_two_talk(platform):
    name, agent, customer = platform.on_shift("es"), Agent(), Customer(platform, "visitor-1")
    with attach(platform, name, agent) as client:
        agent.wait_attached()
        submitted = customer.submit(FIRST)
        assert submitted.language.split("-")[0] == "es", "recognised, not declared"
        assert 0 < submitted.language_confidence < 100

        offer = agent.wait_offer(submitted.contact_id)
        assert offer.contact.language.split("-")[0] == "es"
        assert agent.messages == {}, "no word of the conversation before it is accepted"
        client.accept(offer).result(timeout=10)
        assignment = agent.wait_assignment(submitted.contact_id)
        states = customer.states()
        agent.wait_text(customer.conversation_id, FIRST)

        client.say(customer.conversation_id, "Buenas tardes, ahora mismo lo miro.", 1).result(timeout=10)
        customer.say("Muchas gracias.")
        agent.wait_text(customer.conversation_id, "Muchas gracias.")
        eventually(lambda: any(s.state == contact_pb2.CONTACT_STATE_ASSIGNED and s.agent_name for s in states), what=states)

        client.complete(assignment).result(timeout=10)
        assert agent.wait_ended(submitted.contact_id).reason == agent_pb.AssignmentEnded.REASON_COMPLETED
        eventually(lambda: states[-1].state == contact_pb2.CONTACT_STATE_COMPLETED, what=states)
        expected = [(1, "customer", "", FIRST), (2, "agent", name, "Buenas tardes, ahora mismo lo miro."),
                    (3, "customer", "", "Muchas gracias.")]
        assert customer.read_back() == expected
        assert agent.messages[customer.conversation_id] == expected


def test_kill_9_in_the_middle_and_nobody_has_lost_anything(platform):
    name, agent, customer = platform.on_shift("es"), Agent(), Customer(platform, "visitor-2")
    with attach(platform, name, agent) as client:
        agent.wait_attached()
        submitted = customer.submit(FIRST)
        client.accept(agent.wait_offer(submitted.contact_id)).result(timeout=10)
        agent.wait_assignment(submitted.contact_id)
        conversation = customer.conversation_id
        client.say(conversation, "antes", 1).result(timeout=10)
        customer.say("uno")

        platform.kill()
        while_away = client.say(conversation, "mientras tanto", 2)
        assert not while_away.done()
        platform.start()
        while_away.result(timeout=30)
        agent.wait_attached(times=2)
        again = eventually(lambda: agent.assignments[1:], what="the assignment, told again")[-1]
        assert again.contact.contact_id == submitted.contact_id
        assert again.offer_token == agent.assignments[0].offer_token, "the same assignment, not another offer"
        customer.say("dos")
        agent.wait_text(conversation, "dos")
        client.say(conversation, "después", 3).result(timeout=10)

        expected = [(1, "customer", "", FIRST), (2, "agent", name, "antes"), (3, "customer", "", "uno"),
                    (4, "agent", name, "mientras tanto"), (5, "customer", "", "dos"), (6, "agent", name, "después")]
        agent.wait_text(conversation, "después")
        assert customer.read_back() == expected
        assert agent.messages[conversation] == expected, "resumed by position: no gap, nothing twice"

    # A desk that knows nothing any more gets the work and the whole conversation again.
    anew = Agent()
    with attach(platform, name, anew) as client:
        assignment = anew.wait_assignment(submitted.contact_id)
        anew.wait_text(conversation, "después")
        assert anew.messages[conversation] == expected
        client.complete(assignment).result(timeout=10)
        anew.wait_ended(submitted.contact_id)
    assert customer.read_back() == expected


def test_an_acknowledged_contact_survives_kill_9_before_anybody_was_there(platform):
    customer = Customer(platform, "visitor-3")
    submitted = customer.submit(FIRST)
    platform.kill()
    platform.start()
    name, agent = platform.on_shift("es"), Agent()
    with attach(platform, name, agent) as client:
        offer = agent.wait_offer(submitted.contact_id)
        client.accept(offer).result(timeout=10)
        agent.wait_text(customer.conversation_id, FIRST)
    assert customer.read_back() == [(1, "customer", "", FIRST)]


def events_of(platform, entity):
    token = bearer(platform.token("integrator", "shop"))
    with grpc.insecure_channel(platform.grpc) as channel:
        stream = event_rpc.EventServiceStub(channel).Stream(event_pb.StreamRequest(until_now=True), metadata=token, timeout=20)
        return [event for response in stream for event in response.events if event.entity == entity]


def causes_of(platform, contact_id, last):
    """Per event of the contact, up to its last one, who caused it and in which trace."""
    def causes():
        events = events_of(platform, contact_id)
        found = [(e.WhichOneof("body"), envelope_pb2.Role.Name(e.envelope.actor.role), e.envelope.actor.subject,
                  e.envelope.trace.traceparent) for e in events]
        return found if found and found[-1][0] == last else []

    return eventually(causes, what=last)


def test_events_say_who_caused_them_and_in_which_trace(platform):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    customer = Customer(platform, "visitor-4", ("traceparent", trace))
    customer.submit(FIRST)
    platform.kill()
    platform.start()
    customer.cancel()
    assert causes_of(platform, customer.contact_id, "contact_ended") == [
        ("contact_queued", "ROLE_INTEGRATOR", "shop", trace), ("contact_ended", "ROLE_INTEGRATOR", "shop", trace)]

    queued = events_of(platform, customer.contact_id)[0]
    assert queued.contact_queued.direction == contact_pb2.DIRECTION_INBOUND
    assert queued.contact_queued.customer_id.startswith("local-")
    envelope = queued.envelope
    assert (envelope.tenant, envelope.region, envelope.config_revision, envelope.format_version) == ("demo", "local", 1, 1)

    visitor = WebVisitor(platform)
    visitor.connect()
    contact_id = visitor.submit(FIRST)["contactId"]
    visitor.command("leaveConversation")
    causes = causes_of(platform, contact_id, "contact_ended")
    assert [cause[:3] for cause in causes] == [("contact_queued", "ROLE_VISITOR", visitor.conversation_id),
                                               ("contact_ended", "ROLE_VISITOR", visitor.conversation_id)]
    begun = [cause[3] for cause in causes]
    assert all(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", trace) for trace in begun), "the page sent none"
    assert begun[0] != begun[1]
