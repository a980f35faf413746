"""Reads a region's events from Kafka, proves that none is missing, and drops what comes twice.

    python event_consumer.py --brokers 127.0.0.1:9092 --region local --state consumer.json

Prints one JSON object a line: an event, once; {"gap": …} where events are missing, which must never happen; and
{"voided": …} where a new term says that the last events of the one before never happened. The state file holds how far
it has read: stopped and started again it goes on there. Exit code 1 when there was a gap.
"""

import argparse
import json
import os
import pathlib
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "generated"))

try:
    from meridian.event.v1 import event_pb2
except ModuleNotFoundError:
    from make_stubs import make_stubs

    make_stubs(HERE / "generated")
    from meridian.event.v1 import event_pb2
from google.protobuf import json_format

TOPICS = ("contact.events.v1", "agent.events.v1", "config.events.v1")
WAIT_S = 1.0


def headers_of(record):
    return {name: value.decode() for name, value in record.headers() or ()}


class Completeness:
    """Per tenant and topic, the last event taken. Events are gap-free: sequence 1, 2, 3 … within a term, and a term
    begins with TermStarted, which names the one before and its last sequence."""

    def __init__(self, last=None):
        self.last = last or {}  # "tenant/topic" → [term, sequence]

    def take(self, event):
        """Returns (is it new, what is wrong or None). What is not new was here already: drop it."""
        key = f"{event.envelope.tenant}/{event_pb2.Topic.Name(event.topic)}"
        term, sequence = self.last.get(key, (0, 0))
        if (event.term, event.sequence) <= (term, sequence):
            return False, None
        self.last[key] = [event.term, event.sequence]
        if event.term == term:
            missing = event.sequence - sequence - 1
            return True, self._gap(key, term, sequence, event) if missing else None
        if event.sequence != 1 or not event.HasField("term_started"):
            return True, self._gap(key, term, sequence, event)
        before = event.term_started
        if not term:  # the first that is kept: nothing is known of what was before
            return True, None
        if before.previous_term != term or before.previous_last_sequence > sequence:
            return True, self._gap(key, term, sequence, event)
        if before.previous_last_sequence < sequence:
            return True, {"voided": key, "term": term, "after_sequence": before.previous_last_sequence}
        return True, None

    @staticmethod
    def _gap(key, term, sequence, event):
        return {"gap": key, "after": [term, sequence], "before": [event.term, event.sequence]}


class EventReader:
    """Owns its place in every partition itself, so nothing moves when another reader comes or goes."""

    def __init__(self, brokers, region, state_file=None, settings=None):
        self._state_file = state_file
        state = json.loads(state_file.read_text()) if state_file and state_file.exists() else {}
        self.completeness = Completeness(state.get("last"))
        self._offsets = state.get("offsets", {})  # "topic/partition" → the next to read
        self._consumer = Consumer({"bootstrap.servers": brokers, "group.id": "none", "enable.auto.commit": False,
                                   **(settings or {})})
        self._consumer.assign([TopicPartition(topic, partition, self._next(topic, partition))
                               for topic in (f"meridian.{region}.{name}" for name in TOPICS)
                               for partition in self._partitions(topic)])

    def _partitions(self, topic):
        found = self._consumer.list_topics(topic, timeout=10).topics[topic]
        if found.error:
            raise KafkaException(found.error)
        return found.partitions

    def _next(self, topic, partition):
        return self._offsets.get(f"{topic}/{partition}", OFFSET_BEGINNING)

    def ends(self):
        """Per partition, the offset behind the last event that is there now."""
        found = {}
        for place in self._consumer.assignment():
            first, end = self._consumer.get_watermark_offsets(place, timeout=10)
            if end > first:
                found[f"{place.topic}/{place.partition}"] = end
        return found

    def events(self, ends=None):
        """Yields (record, event, what is wrong or None), each event once; up to `ends`, or for ever."""
        while ends is None or any(self._offsets.get(place, 0) < end for place, end in ends.items()):
            record = self._consumer.poll(WAIT_S)
            if record is None:
                continue
            if record.error():
                raise KafkaException(record.error())
            event = event_pb2.Event.FromString(record.value())
            is_new, wrong = self.completeness.take(event)
            self._offsets[f"{record.topic()}/{record.partition()}"] = record.offset() + 1
            if is_new:
                yield record, event, wrong

    def save(self):
        """Best in one transaction with what you made of the events. Saved late, events come again."""
        if self._state_file:
            unfinished = self._state_file.with_suffix(".new")
            unfinished.write_text(json.dumps({"offsets": self._offsets, "last": self.completeness.last}))
            os.replace(unfinished, self._state_file)

    def close(self):
        self._consumer.close()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", default="127.0.0.1:9092", help="HOST:PORT,… (default %(default)s)")
    parser.add_argument("--region", default="local", help="whose events (default %(default)s)")
    parser.add_argument("--state", type=pathlib.Path, help="file that holds how far it has read")
    parser.add_argument("--until-now", action="store_true", help="end when all that is there now was read")
    return parser.parse_args()


def main():
    options = arguments()
    reader = EventReader(options.brokers, options.region, options.state)
    gaps = 0
    try:
        for record, event, wrong in reader.events(reader.ends() if options.until_now else None):
            if wrong:
                gaps += "gap" in wrong
                print(json.dumps(wrong))
            print(json.dumps({"headers": headers_of(record), "event": json_format.MessageToDict(event)}), flush=True)
            reader.save()
    except KeyboardInterrupt:
        pass
    finally:
        reader.save()
        reader.close()
    sys.exit(1 if gaps else 0)


if __name__ == "__main__":
    main()
