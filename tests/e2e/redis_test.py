"""The platform on Redis: the same conversations, and through the death of the server that keeps them."""

import pytest
from conversation_test import (  # noqa: F401: the same tests, on the platform below
    FIRST, attach, test_a_spanish_text_reaches_a_speaker_on_shift_and_the_two_talk,
    test_an_acknowledged_contact_survives_kill_9_before_anybody_was_there,
    test_kill_9_in_the_middle_and_nobody_has_lost_anything)
from meridian.agent.v1 import agent_service_pb2 as agent_pb
from people import Agent, Customer
from running_redis import RedisServers, options_for
from running_standalone import Standalone
from waiting import eventually


@pytest.fixture(name="redis")
def running_redis(tmp_path):
    with RedisServers(tmp_path / "redis", replicas=2, sentinels=3) as redis:
        yield redis


@pytest.fixture(name="platform")
def platform_on_redis(tmp_path, redis):
    platform = Standalone(tmp_path, options=options_for(redis))
    try:
        yield platform.start()
        platform.stop()
    finally:
        platform.kill()


def test_the_primary_dies_in_the_middle_and_nobody_has_lost_anything(platform, redis):
    name, agent, customer = platform.on_shift("es"), Agent(), Customer(platform, "redis-1")
    with attach(platform, name, agent) as client:
        agent.wait_attached()
        submitted = customer.submit(FIRST)
        client.accept(agent.wait_offer(submitted.contact_id)).result(timeout=10)
        assignment = agent.wait_assignment(submitted.contact_id)
        conversation = customer.conversation_id
        client.say(conversation, "antes", 1).result(timeout=10)
        customer.say("uno")
        waiting = [Customer(platform, f"redis-waiting-{n}") for n in range(5)]
        acknowledged = [each.submit(FIRST).contact_id for each in waiting]

        redis.primary.kill()
        customer.say("dos")  # insists until the replica serves
        client.say(conversation, "después", 2).result(timeout=30)
        agent.wait_text(conversation, "dos")
        client.complete(assignment).result(timeout=30)
        assert agent.wait_ended(submitted.contact_id).reason == agent_pb.AssignmentEnded.REASON_COMPLETED

        expected = [(1, "customer", "", FIRST), (2, "agent", name, "antes"), (3, "customer", "", "uno")]
        back = customer.read_back()
        assert back[:3] == expected
        assert sorted(back[3:]) == [(4, *back[3][1:]), (5, *back[4][1:])]
        assert {text for *_, text in back[3:]} == {"dos", "después"}
    contacts = platform.ctl("contacts")
    assert all(contact in contacts for contact in acknowledged), "each keeps waiting"
    assert redis.replicas[0].ask("ROLE").startswith("master")


def test_a_primary_that_comes_back_as_it_was_is_served_again(platform, redis):
    customer = Customer(platform, "redis-2")
    customer.submit(FIRST)
    redis.primary.freeze()
    eventually(lambda: redis.replicas[0].ask("ROLE").startswith("master"), 30, "the fail-over")
    customer.say("mientras tanto")
    redis.primary.go_on()
    eventually(lambda: redis.primary.ask("ROLE").startswith("slave"), 30, "the old primary to follow")
    customer.say("otra vez")
    assert [text for *_, text in customer.read_back()] == [FIRST, "mientras tanto", "otra vez"]
    assert customer.contact_id in platform.ctl("contacts")
