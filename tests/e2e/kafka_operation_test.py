"""Running events in Kafka: topics, what happens without them, a full log, publishing again, giving the relay up."""

import subprocess

import grpc
import running_kafka
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from meridian.ingress.v1 import ingress_service_pb2 as ingress
from meridian.ingress.v1 import ingress_service_pb2_grpc as ingress_rpc
from meridian_client import bearer, uuid7
from people import Agent, Customer, parts_of
from running_kafka import (RELAYED_WITHIN_S, all_relayed, apply_topics, attach, identities_kept, identities_relayed,
                           kcat_headers, metric, relayed_events, topic_of)
from running_standalone import MERIDIANCTL, Standalone
from waiting import eventually

FIRST = "Hola, necesito ayuda con mi factura."


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
    nobody = subprocess.run([MERIDIANCTL, "--data", platform.data, "events", "replay", "--kafka-brokers", "127.0.0.1:1", "--wait", "2s"],
                            capture_output=True, text=True, timeout=30)
    assert nobody.returncode == 1
    assert "waiting for Kafka: no broker of 127.0.0.1:1 can be reached" in nobody.stderr
    assert "acknowledged nothing for 2 s" in nobody.stderr
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


def test_what_the_other_topics_have_is_not_sent_again_while_one_is_missing(kafka, start):
    region = "part"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    there = [topic_of(region, name) for name in ("contact", "config")]
    for made in admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1) for name in there]).values():
        made.result()
    platform = start(region)
    Customer(platform, "visitor-1").submit(FIRST)
    with attach(platform, platform.on_shift("es"), Agent()):
        eventually(lambda: "a topic is missing" in platform.log(), 90, platform.log)
    reader = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "none"})
    newest = [reader.get_watermark_offsets(TopicPartition(name, 0))[1] for name in there]
    errors = metric(platform, "meridian_relay_errors_total")
    eventually(lambda: metric(platform, "meridian_relay_errors_total") >= errors + 3, 60, platform.log)
    assert [reader.get_watermark_offsets(TopicPartition(name, 0))[1] for name in there] == newest
    reader.close()
    assert "created" in apply_topics(kafka, region).stdout  # and those made above have other settings, which it names
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


def test_a_stop_does_not_wait_for_kafka_and_the_next_start_publishes_the_rest(kafka, start):
    region = "stop"
    assert apply_topics(kafka, region).returncode == 0
    platform = start(region)
    Customer(platform, "visitor-1").submit(FIRST)
    all_relayed(platform, kafka, region)
    kafka.brokers[0].kill()
    try:
        Customer(platform, "visitor-2").submit(FIRST)
        platform.stop()
        assert "not all events were published; they are kept for the next start" in platform.log()
        platform.start()
    finally:
        kafka.brokers[0].start()
    all_relayed(platform, kafka, region)
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


def test_brokers_that_want_certificates_get_them(tmp_path):
    region = "tls"
    with running_kafka.start(tmp_path / "kafka", tls=True) as kafka:
        files = kafka.tls
        proof = ("--kafka-ca", files.ca, "--kafka-certificate", files.client_certificate, "--kafka-key", files.client_key)
        refused = apply_topics(kafka, region, "--kafka-ca", files.ca)
        assert refused.returncode == 1 and "no broker answers" in refused.stderr
        assert apply_topics(kafka, region, *proof).returncode == 0
        platform = Standalone(tmp_path, options=("--region", region, "--kafka-brokers", kafka.bootstrap, *proof))
        try:
            platform.start()
            customer = Customer(platform, "visitor-1")
            customer.submit(FIRST)
            settings = {"security.protocol": "ssl", "ssl.ca.location": str(files.ca),
                        "ssl.certificate.location": str(files.client_certificate),
                        "ssl.key.location": str(files.client_key)}
            eventually(lambda: customer.contact_id in [event.entity for _, event in relayed_events(kafka, region, settings)],
                       RELAYED_WITHIN_S, "the contact's event")
            platform.stop()
        finally:
            platform.kill()
