"""Events in Kafka: a real broker, the platform as a user starts it, and readers that share nothing with it."""

import json
import os
import subprocess
import sys

import jsonschema
import yaml
from conftest import STUBS
from people import Agent, Customer
from running_kafka import all_relayed, apply_topics, attach, kcat_headers, metric, relayed_events, topic_of
from running_standalone import ROOT
from waiting import eventually

FIRST = "Hola, necesito ayuda con mi factura."
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def serve(platform, customer, meanwhile=()):
    """One whole conversation with somebody who speaks Spanish; `meanwhile` happens in its middle."""
    name, agent = platform.on_shift("es"), Agent()
    customer.submit(FIRST)
    with attach(platform, name, agent) as client:
        client.accept(agent.wait_offer(customer.contact_id)).result(timeout=30)
        assignment = agent.wait_assignment(customer.contact_id)
        for happens in meanwhile:
            happens()
        agent.wait_attached()
        customer.say("¿Sigue ahí?")
        agent.wait_text(customer.conversation_id, "¿Sigue ahí?")
        client.complete(assignment).result(timeout=30)
        agent.wait_ended(customer.contact_id)


def test_a_contact_is_followed_from_ingress_to_kafka_by_its_trace(kafka, start):
    region = "headers"
    assert apply_topics(kafka, region).returncode == 0
    platform = start(region)
    customer = Customer(platform, "visitor-1", ("traceparent", TRACE))
    serve(platform, customer)
    all_relayed(platform, kafka, region)

    contacts = [row for row in kcat_headers(kafka, topic_of(region, "contact")) if row[0] == customer.contact_id]
    types = [headers["ce_type"].rpartition(".")[2] for _, _, headers in contacts]
    assert types[:3] == ["ContactQueued", "ContactOffered", "ContactAssigned"] and types[-1] == "ContactEnded"
    queued = contacts[0][2]
    assert queued["ce_specversion"] == "1.0"
    assert queued["ce_source"] == f"/meridian/{region}/demo"
    assert queued["ce_subject"] == customer.contact_id
    assert queued["ce_tenant"] == "demo"
    assert queued["ce_id"] == f"{region}/demo/contact/{queued['ce_term']}/{queued['ce_sequence']}"
    assert queued["ce_entityrevision"] == "1"
    assert queued["content-type"] == "application/protobuf"
    assert queued["traceparent"] == TRACE
    assert queued["ce_time"].endswith("Z")

    wanted = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text())["components"]["messageTraits"]["event"]["headers"]
    for name in ("contact", "agent", "config"):
        for _, _, headers in kcat_headers(kafka, topic_of(region, name)):
            jsonschema.validate(headers, wanted)

    partitions = {partition for name in ("contact", "agent", "config")
                  for _, partition, _ in kcat_headers(kafka, topic_of(region, name))}
    assert len(partitions) == 1, "all events of a tenant go to one partition, the same in each topic"
    for record, event in relayed_events(kafka, region):
        assert record.key().decode() == event.entity
    eventually(lambda: metric(platform, "meridian_relay_lag_entries") == 0, what="no lag")
    assert metric(platform, "meridian_relay_lag_milliseconds") == 0
    assert metric(platform, "meridian_relay_published_events_total", topic="contact") >= len(contacts)
    assert metric(platform, "meridian_kafka_reachable") == 1
    platform.stop()


def test_nothing_is_missing_over_kill_9_and_a_restart_of_the_broker(kafka, start):
    region = "kills"
    assert apply_topics(kafka, region).returncode == 0
    platform = start(region)
    broker = kafka.brokers[0]

    def crash():
        platform.kill()
        platform.start()

    def broker_crash():
        broker.kill()
        broker.start()

    serve(platform, Customer(platform, "visitor-1"), [crash])
    serve(platform, Customer(platform, "visitor-2"), [broker_crash])
    serve(platform, Customer(platform, "visitor-3"), [broker.kill, crash, broker.start])
    all_relayed(platform, kafka, region)
    platform.stop()
    platform.start()
    found = all_relayed(platform, kafka, region)
    assert len({term for _, _, term, _ in found}) == 4
    assert "no Kafka broker can be reached" in platform.log() and "Kafka can be reached again" in platform.log()


def consumer(kafka, region, state):
    """Runs the example as its page says; the lines that it printed."""
    done = subprocess.run([sys.executable, "-B", ROOT / "docs/examples/python/event_consumer.py", "--brokers",
                           kafka.bootstrap, "--region", region, "--state", state, "--until-now"],
                          capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(STUBS)})
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_example_goes_on_where_it_stopped(kafka, start, tmp_path):
    region = "example"
    assert apply_topics(kafka, region).returncode == 0
    platform = start(region)
    customer = Customer(platform, "visitor-1")
    customer.submit(FIRST)
    first = len(all_relayed(platform, kafka, region))
    state = tmp_path / "consumer.json"
    assert len(consumer(kafka, region, state)) == first
    assert consumer(kafka, region, state) == []
    customer.cancel()
    eventually(lambda: len(all_relayed(platform, kafka, region)) > first, what="the end of the contact")
    (ended,) = consumer(kafka, region, state)
    assert ended["headers"]["ce_type"] == "meridian.event.v1.ContactEnded"
    assert ended["event"]["contactEnded"]["reason"] == "CANCELED_BY_CUSTOMER"
    platform.stop()
