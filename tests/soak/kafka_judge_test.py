"""The judge of what Kafka holds sees what is wrong: one broker, events of our making, and a stream that a script shows."""

import json
import os
import pathlib
import sys

import pytest
from kafka_judge import TENANT, KafkaJudge

ROOT = pathlib.Path(os.environ["MERIDIAN_SOURCE_DIR"])
sys.path.append(str(ROOT / "deploy/dev"))
import kafka_cluster  # noqa: E402

TOPIC = "meridian.local.contact.events.v1"
PARTITION = 2


class World:
    def __init__(self, folder, kafka):
        from confluent_kafka import Producer
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        made = admin.create_topics(
            [NewTopic(f"meridian.local.{name}.events.v1", 4, 1) for name in ("contact", "agent", "config")])
        for topic in made.values():
            topic.result(60)
        self._stream = folder / "stream"
        ctl = folder / "services/meridianctl/meridianctl"
        ctl.parent.mkdir(parents=True)
        ctl.write_text(f"#!/bin/sh\ncat {self._stream}; echo 'continue with: --from p1' >&2\n")
        ctl.chmod(0o755)
        self.judge = KafkaJudge(folder, folder, kafka.bootstrap)
        self._producer = Producer({"bootstrap.servers": kafka.bootstrap})

    def look(self, stream, kafka):
        """What the judge finds when the stream and Kafka got these since the last time: sequences, or (sequence, agent)."""
        self._stream.write_text("".join(json.dumps(
            {"envelope": {"tenant": TENANT}, "topic": "TOPIC_CONTACT", "term": "5", "sequence": str(n)}) + "\n"
            for n in stream))
        for what in kafka:
            sequence, agent = what if isinstance(what, tuple) else (what, "ana")
            self._producer.produce(TOPIC, event(sequence, agent).SerializeToString(), partition=PARTITION)
        self._producer.flush(60)
        return " ".join(self.judge.look())


def event(sequence, agent):
    from meridian.event.v1 import event_pb2

    made = event_pb2.Event(topic=event_pb2.TOPIC_CONTACT, term=5, sequence=sequence)
    made.envelope.tenant = TENANT
    if sequence == 1:
        made.term_started.previous_term = 0
    else:
        made.contact_held.agent = agent
    return made


@pytest.fixture(name="world", scope="module")
def one_broker(tmp_path_factory):
    with kafka_cluster.Cluster(tmp_path_factory.mktemp("kafka")) as kafka:
        world = World(tmp_path_factory.mktemp("world"), kafka)
        yield world
        world.judge.close()


def test_the_judge_sees_what_is_missing_late_or_different(world, monkeypatch):
    judge = world.judge
    assert world.look([1, 2, 3], [1, 2, 3]) == "" and judge.repeats == 0
    assert (judge.partition_of_load(), judge.high_watermark(PARTITION), judge.partition(PARTITION).leader) == (PARTITION, 3, 1)
    assert world.look([4], [2, 3, 4]) == "" and judge.repeats == 2, "repeats are no finding"
    assert '"gap"' in world.look([6], [6])
    found = world.look([7], [7, 5, (7, "bob")])
    assert "5) came late" in found and "7) came again with another content" in found
    assert judge.read_to(PARTITION, 10)
    monkeypatch.setattr("kafka_judge.CAUGHT_UP_WITHIN_S", 2)
    assert "1 events of the stream are missing" in world.look([8], [])
