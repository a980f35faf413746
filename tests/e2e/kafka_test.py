"""Events in Kafka: a real broker, the platform as a user starts it, and readers that share nothing with it."""

import contextlib
import re
import urllib.request

import grpc
import jsonschema
import pytest
import running_kafka
import yaml
from confluent_kafka import KafkaException
from meridian_client import AgentClient, bearer, uuid7
from people import Agent, Customer, parts_of
from running_kafka import apply_topics, identities_kept, identities_relayed, kcat_headers, relayed_events, topic_of
from meridian.ingress.v1 import ingress_service_pb2 as ingress
from meridian.ingress.v1 import ingress_service_pb2_grpc as ingress_rpc
from running_standalone import ROOT, Standalone
from waiting import eventually

FIRST = "Hola, necesito ayuda con mi factura."
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
RELAYED_WITHIN_S = 60


@pytest.fixture(name="kafka", scope="module")
def one_broker(tmp_path_factory):
    with contextlib.closing(contextlib.ExitStack()) as stack:
        kafka = running_kafka.start(tmp_path_factory.mktemp("kafka"))
        stack.callback(kafka.stop)
        yield kafka


@pytest.fixture(name="start")
def starter(tmp_path, kafka):
    """Starts a platform of a region of its own, so that each test has topics of its own."""
    started = []

    def start(region, *options):
        platform = Standalone(tmp_path, options=("--region", region, "--kafka-brokers", kafka.bootstrap, *options))
        started.append(platform)
        return platform.start()

    yield start
    for platform in started:
        platform.kill()


def metric(platform, name, **labels):
    """The value of a series whose labels hold these."""
    text = urllib.request.urlopen(platform.http + "/metrics", timeout=10).read().decode()
    for found, value in re.findall(rf"^{name}\{{(.*?)\}} (\S+)$", text, re.MULTILINE):
        if all(f'{label}="{wanted}"' in found for label, wanted in labels.items()):
            return float(value)
    return None


def attach(platform, name, agent):
    token = platform.token("agent", name)
    return AgentClient(platform.grpc, token, name, agent)


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


def all_relayed(platform, kafka, region):
    """Waits until Kafka holds what the platform's log holds; then each event once, in the order of its topic."""
    kept = sorted(identities_kept(platform))
    found = []

    def complete():
        try:
            found[:] = identities_relayed(kafka, region)
        except KafkaException:
            return False  # its broker comes back just now
        return set(found) >= set(kept)

    eventually(complete, RELAYED_WITHIN_S, lambda: f"missing: {sorted(set(kept) - set(found))[:5]}")
    assert len(found) == len(set(found)), "an event came twice through the consumer"
    for key in {identity[:2] for identity in found}:
        in_order = [identity[2:] for identity in found if identity[:2] == key]
        assert in_order == sorted(in_order)
    return found


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


def test_topics_are_made_once_and_a_wrong_one_is_named(kafka):
    region = "topics"
    missing = apply_topics(kafka, region, "--dry-run")
    assert missing.returncode == 1 and missing.stdout.count("MISSING") == 4
    made = apply_topics(kafka, region)
    assert made.returncode == 0 and made.stdout.count("created") == 4, made.stderr
    assert f"meridian.{region}.audit.v1" in made.stdout
    again = apply_topics(kafka, region)
    assert again.returncode == 0 and again.stdout.count("as wanted") == 4
    wrong = apply_topics(kafka, region, "--retention", "24h")
    assert wrong.returncode == 1
    named = [line for line in wrong.stdout.splitlines() if "WRONG" in line]
    assert len(named) == 3 and all("retention.ms 604800000, wanted 86400000" in line for line in named)
    too_many = apply_topics(kafka, "other", replication=3)
    assert too_many.returncode == 1 and "meridian.other.contact.events.v1" in too_many.stderr


def test_events_are_published_again_on_request_and_readers_drop_the_repeats(kafka, start):
    region = "replay"
    assert apply_topics(kafka, region).returncode == 0
    platform = start(region)
    customer = Customer(platform, "visitor-1")
    customer.submit(FIRST)
    customer.cancel()
    before = all_relayed(platform, kafka, region)
    said = platform.ctl("events", "replay", "--kafka-brokers", kafka.bootstrap)
    assert said == f"published {len(before)} events again"
    assert identities_relayed(kafka, region) == before, "the consumer takes each once"
    ids = [headers["ce_id"] for _, _, headers in kcat_headers(kafka, topic_of(region, "contact"))]
    assert ids == 2 * ids[:len(ids) // 2], "in order, as they were"
    later = platform.ctl("events", "replay", "--kafka-brokers", kafka.bootstrap, "--since", "2200-01-01T00:00:00Z")
    assert later == "published 0 events again"
    platform.stop()


def test_events_wait_for_a_topic_that_is_missing(kafka, start):
    region = "late"
    platform = start(region)
    eventually(lambda: "a topic is missing" in platform.log(), 60, platform.log)
    customer = Customer(platform, "visitor-1")
    customer.submit(FIRST)
    assert apply_topics(kafka, region).returncode == 0
    eventually(lambda: "events are published again" in platform.log(), RELAYED_WITHIN_S, platform.log)
    all_relayed(platform, kafka, region)
    platform.stop()


def submit_until_refused(platform, most):
    """Submits contacts of many customers at once; the error of the first that was refused."""
    token = bearer(platform.token("integrator", "shop"))
    with grpc.insecure_channel(platform.grpc) as channel:
        stub = ingress_rpc.IngressServiceStub(channel)
        for first in range(0, most, 100):
            calls = [stub.SubmitContact.future(
                ingress.SubmitContactRequest(
                    request_id=uuid7(), identity=ingress.Identity(kind="web", address=f"visitor-{first + i}"),
                    channel="chat", parts=parts_of(FIRST), client_number=1),
                metadata=token, timeout=60) for i in range(100)]
            errors = [call.exception() for call in calls if call.exception() is not None]
            if errors:
                return errors[0]
    raise AssertionError(f"{most} contacts were taken")


def test_a_full_log_refuses_new_contacts_and_serves_live_work(kafka, start):
    region = "full"
    assert apply_topics(kafka, region).returncode == 0
    platform = start(region, "--event-log-limit", "1")
    name, agent, customer = platform.on_shift("es"), Agent(), Customer(platform, "somebody")
    customer.submit(FIRST)
    with attach(platform, name, agent) as client:
        client.accept(agent.wait_offer(customer.contact_id)).result(timeout=30)
        assignment = agent.wait_assignment(customer.contact_id)
        kafka.brokers[0].kill()
        try:
            refused = submit_until_refused(platform, 20_000)
            assert refused.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "too many events wait to be published" in refused.details()
            customer.say("¿Sigue ahí?")
            agent.wait_text(customer.conversation_id, "¿Sigue ahí?")
            client.complete(assignment).result(timeout=30)
            agent.wait_ended(customer.contact_id)
        finally:
            kafka.brokers[0].start()
    eventually(lambda: "new contacts are taken again" in platform.log(), RELAYED_WITHIN_S, "room in the log")
    found = identities_relayed(kafka, region)
    assert set(identities_kept(platform)) <= set(found), "trimmed is only what was published, and the rest is there"
    Customer(platform, "late-visitor").submit(FIRST)
    platform.stop()


def test_the_log_is_kept_for_a_relay_until_it_is_forgotten(kafka, tmp_path, start):
    region = "forget"
    platform = start(region)
    platform.stop()
    kept_for_it = "events are kept for the relay of an earlier start"
    for options, warned in (((), True), (("--forget-relay",), False), ((), False)):
        folder = tmp_path / f"start{len(options)}{warned}"
        folder.mkdir(exist_ok=True)
        again = Standalone(folder, options=("--region", region, *options))
        again.data = platform.data
        try:
            again.start()
            assert (kept_for_it in again.log()) == warned
            again.stop()
        finally:
            again.kill()
