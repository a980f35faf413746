"""A real Kafka for a test: one broker, the topics of a region, and what a reader of them sees."""

import json
import re
import subprocess
import sys

from confluent_kafka import KafkaException
from meridian_client import AgentClient
from running_standalone import MERIDIANCTL, ROOT
from waiting import eventually

sys.path.insert(0, str(ROOT / "deploy/dev"))

import kafka_cluster  # noqa: E402

PARTITIONS = 4
RELAYED_WITHIN_S = 60


def topic_of(region, name):
    return f"meridian.{region}.{name}.events.v1"


def apply_topics(kafka, region, *options, replication=1):
    return subprocess.run(
        [MERIDIANCTL, "topics", "apply", "--kafka-brokers", kafka.bootstrap, "--region", region, "--replication",
         str(replication), "--partitions", str(PARTITIONS), *options],
        capture_output=True, text=True, timeout=60)


def start(folder, **how):
    """To be used in a with statement."""
    return kafka_cluster.Cluster(folder, **how)


def kcat(kafka, topic, output):
    """The records of a topic by kcat, one per output of this format."""
    done = subprocess.run(["kcat", "-b", kafka.bootstrap, "-C", "-e", "-q", "-o", "beginning", "-t", topic, "-f", output],
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def kcat_headers(kafka, topic):
    """Per record: (key, partition, {header: value})."""
    rows = kcat(kafka, topic, "%k\t%p\t%h\n").decode().splitlines()
    found = []
    for row in rows:
        key, partition, headers = row.split("\t")
        found.append((key, int(partition), dict(h.split("=", 1) for h in headers.split(","))))
    return found


def relayed_events(kafka, region, settings=None):
    """Everything that the example's consumer makes of the topics: [(record, event)]; no gap may be in it."""
    from event_consumer import EventReader

    reader = EventReader(kafka.bootstrap, region, settings=settings)
    try:
        found = []
        for record, event, wrong in reader.events(reader.ends()):
            assert wrong is None, wrong
            found.append((record, event))
        return found
    finally:
        reader.close()


def kept_events(platform):
    """What the platform's own stream holds."""
    return [json.loads(line) for line in platform.ctl("events", "--json", "--until-now").splitlines()]


def identity(tenant, topic, term, sequence):
    return tenant, topic, int(term), int(sequence)


def identities_kept(platform):
    return [identity(e["envelope"]["tenant"], e["topic"], e["term"], e["sequence"]) for e in kept_events(platform)]


def identities_relayed(kafka, region):
    from meridian.event.v1 import event_pb2

    return [identity(e.envelope.tenant, event_pb2.Topic.Name(e.topic), e.term, e.sequence)
            for _, e in relayed_events(kafka, region)]


def metric(platform, name, **labels):
    """The value of a series whose labels hold these."""
    text = platform.metrics().decode()
    for found, value in re.findall(rf"^{name}\{{(.*?)\}} (\S+)$", text, re.MULTILINE):
        if all(f'{label}="{wanted}"' in found for label, wanted in labels.items()):
            return float(value)
    return None


def attach(platform, name, agent):
    token = platform.token("agent", name)
    return AgentClient(platform.grpc, token, name, agent)


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
