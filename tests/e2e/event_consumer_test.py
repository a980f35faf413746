"""The example's consumer sees gaps, voided events and repeats: fed with events, without a broker."""

import pytest
from event_consumer import Completeness
from meridian.event.v1 import event_pb2

FIRST_TERM, SECOND_TERM = 1000, 2000


def event(sequence, term=FIRST_TERM, topic=event_pb2.TOPIC_CONTACT, tenant="demo", started=None):
    made = event_pb2.Event(topic=topic, term=term, sequence=sequence)
    made.envelope.tenant = tenant
    if started:
        made.term_started.previous_term, made.term_started.previous_last_sequence = started
    else:
        made.contact_held.agent = "ana"
    return made


def beginning(sequence_to):
    return [event(1, started=(0, 0))] + [event(i) for i in range(2, sequence_to + 1)]


def taken(events):
    """Per event: True or False, or the kind of what is wrong."""
    completeness = Completeness()
    found = []
    for one in events:
        is_new, wrong = completeness.take(one)
        found.append(next(iter(wrong)) if wrong else is_new)
    return found


def test_a_whole_history_has_no_gap():
    second = [event(1, SECOND_TERM, started=(FIRST_TERM, 3)), event(2, SECOND_TERM)]
    assert taken(beginning(3) + second) == [True] * 5


def test_reading_may_begin_where_the_topic_does():
    assert taken([event(1, SECOND_TERM, started=(FIRST_TERM, 9)), event(2, SECOND_TERM)]) == [True, True]


def test_repeats_are_dropped_also_those_of_an_older_term():
    second = event(1, SECOND_TERM, started=(FIRST_TERM, 2))
    assert taken(beginning(2) + beginning(2) + [second, event(2), second]) == [
        True, True, False, False, True, False, False]


@pytest.mark.parametrize("after", (
    [event(3)],
    [event(2, SECOND_TERM)],
    [event(1, SECOND_TERM, started=(FIRST_TERM, 2))],
    [event(1, SECOND_TERM, started=(FIRST_TERM + 500, 1))],
))
def test_what_is_missing_is_seen(after):
    assert taken(beginning(1) + after) == [True, "gap"]


def test_what_a_term_voids_is_told():
    assert taken(beginning(3) + [event(1, SECOND_TERM, started=(FIRST_TERM, 2))])[-1] == "voided"


def test_tenants_and_topics_are_counted_apart():
    others = [event(1, tenant="other", started=(0, 0)), event(1, topic=event_pb2.TOPIC_AGENT, started=(0, 0))]
    assert taken(beginning(2) + others + [event(3)]) == [True] * 5
