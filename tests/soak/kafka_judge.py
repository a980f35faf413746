"""Judges what a region's topics in Kafka hold, with the consumer that integrators are given (docs/examples): nothing
missing, all in order, each event with one content, and everything there that the platform's own stream has."""

import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TENANT = "load"
CAUGHT_UP_WITHIN_S = 60  # a relay that was killed keeps its leases for ten


def _import_consumer(build):
    """The example and the Python of the public protos."""
    os.environ.setdefault("MERIDIAN_SOURCE_DIR", str(ROOT))
    os.environ.setdefault("MERIDIAN_BUILD_DIR", str(build))
    sys.path.append(str(ROOT / "tests/e2e"))
    import stubs
    stubs.on_the_path()
    import event_consumer
    return event_consumer


class KafkaJudge:
    """Goes on where it was at each look, and so sees repeats over the whole run."""

    def __init__(self, build, data, bootstrap, region="local"):
        self._ctl = [pathlib.Path(build) / "services/meridianctl/meridianctl", "--data", data, "--tenant", TENANT]
        consumer = _import_consumer(build)
        import confluent_kafka
        from meridian.event.v1 import event_pb2
        self._kafka, self._event, self._topic_name = confluent_kafka, event_pb2.Event, event_pb2.Topic.Name
        self._bootstrap = bootstrap
        self.topic = f"meridian.{region}.contact.events.v1"
        self._topics = [f"meridian.{region}.{name}" for name in consumer.TOPICS]
        self._reader, self._asker = self._client(), self._client()
        self._offsets = {}  # (topic, partition) → of the next record
        self._assign()
        self._completeness = consumer.Completeness()
        self._contents = {}  # identity → hash of the event
        self._findings = []
        self.repeats = 0  # events that came again
        self._from = ""
        self._kept = set()  # identities that the platform's stream has and Kafka has not shown yet

    def close(self):
        self._reader.close()
        self._asker.close()

    def _client(self):
        return self._kafka.Consumer({"bootstrap.servers": self._bootstrap, "group.id": "none", "enable.auto.commit": False,
                                     "log_level": 0})  # brokers come and go

    def _assign(self):
        known = self.ask(lambda asker: asker.list_topics(timeout=10).topics)
        self._reader.assign([self._kafka.TopicPartition(topic, number, self._kafka.OFFSET_BEGINNING)
                             for topic in self._topics for number in known[topic].partitions])

    # ---- the judgement ----

    def look(self):
        """What is wrong with all that came since the last look."""
        deadline = time.monotonic() + CAUGHT_UP_WITHIN_S
        while not self._read_stream() and time.monotonic() < deadline:
            pass  # the checker does not insist, and a shard may still be moving
        self.read(lambda: self._kept <= self._contents.keys())
        missing = sorted(self._kept - self._contents.keys())
        self._kept.clear()
        found, self._findings = self._findings, []
        if missing:
            found.append(f"kafka: {len(missing)} events of the stream are missing, first {missing[0]}")
        return found

    def read(self, is_enough, within_s=None):
        """Reads the topics until `is_enough()`, asked now and then; returns whether it was."""
        deadline = time.monotonic() + (within_s or CAUGHT_UP_WITHIN_S)
        while not is_enough():
            for record in self._reader.consume(1000, timeout=1):
                if not record.error():  # else a broker is away, just now
                    self._take(record)
            if time.monotonic() > deadline:
                return False
        return True

    def read_to(self, partition, offset):
        """Of the contact events."""
        return self.read(lambda: self._offsets.get((self.topic, partition), 0) >= offset)

    def _take(self, record):
        event = self._event.FromString(record.value())
        self._offsets[record.topic(), record.partition()] = record.offset() + 1
        is_new, wrong = self._completeness.take(event)
        if wrong:
            self._findings.append(f"kafka: {json.dumps(wrong)}")
        identity = event.envelope.tenant, self._topic_name(event.topic), event.term, event.sequence
        content = hash(record.value())
        if identity in self._contents:
            self.repeats += 1
            if self._contents[identity] != content:
                self._findings.append(f"kafka: {identity} came again with another content")
        elif not is_new:
            self._findings.append(f"kafka: {identity} came late, after a later one")
        self._contents[identity] = content

    def _read_stream(self):
        """Takes what the platform's stream has since the last time; false when it could not be read to its end."""
        options = ["--from", self._from] if self._from else []
        done = subprocess.run([*self._ctl, "events", "--json", "--until-now", *options], capture_output=True, text=True,
                              timeout=300)
        if done.returncode != 0:
            return False
        for line in done.stdout.splitlines():
            event = json.loads(line)
            self._kept.add((event["envelope"]["tenant"], event["topic"], int(event["term"]), int(event["sequence"])))
        self._from = done.stderr.rpartition("--from ")[2].strip() or self._from
        return True

    # ---- what faults ask of Kafka ----

    def ask(self, question):
        """`question(client)`, again and again while no broker can say."""
        deadline = time.monotonic() + CAUGHT_UP_WITHIN_S
        while True:
            try:
                return question(self._asker)
            except (self._kafka.KafkaException, KeyError):
                if time.monotonic() > deadline:
                    raise
                self._asker.close()  # what it believes of the cluster may be old
                self._asker = self._client()

    def high_watermark(self, partition):
        return self.ask(lambda asker: asker.get_watermark_offsets(
            self._kafka.TopicPartition(self.topic, partition), timeout=10)[1])

    def partition(self, number):
        """What the brokers say of a partition of the contact events: leader, replicas, isrs."""
        return self.ask(lambda asker: asker.list_topics(self.topic, timeout=10).topics[self.topic].partitions[number])

    def partition_of_load(self):
        """The partition in which the load's events are."""
        partitions = self.ask(lambda asker: asker.list_topics(self.topic, timeout=10).topics[self.topic].partitions)
        return max(partitions, key=self.high_watermark)
