"""Faults of Kafka's brokers and of the relay to them."""

import re
import signal
import time

from waiting import HEALED_WITHIN_S, until

TWO_DOWN_S = 60
SHARD = 0  # of routing, where the load's tenant is
LOG_LIMIT_BYTES = 512 << 20  # what deploy/dev/region gives each shard's log
CAUGHT_UP_MS = 2000
SHORT_FROM = 0.6  # of the limit: then new contacts are refused
REPEATS_WITHIN_S = 60  # the killed relay's lease runs ten seconds
KILL_AFTER_EVENTS = 20


def in_sync(system, partition):
    """Every broker is there and has all of the partition."""
    told = system.kafka.partition(partition)
    return told.leader >= 0 and len(told.isrs) == len(told.replicas) == len(system.parts("kafka"))


def await_healed(system, partition, names):
    for name, restarts in names.items():
        system.await_ready(name, "kafka", restarts + 1)
    until(lambda: in_sync(system, partition), "all brokers in sync")


def restarts_of(system, *names):
    parts = system.parts("kafka")
    return {name: parts[name]["restarts"] for name in names}


def leader_broker_killed(system, dice):
    partition = system.kafka.partition_of_load()
    leader = system.kafka.partition(partition).leader
    name = f"kafka-{leader}"
    before = restarts_of(system, name)
    began = time.monotonic()
    system.signal(name, "kafka", signal.SIGKILL)

    def another_leads():
        return system.kafka.partition(partition).leader not in (-1, leader)
    until(another_leads, f"another broker to lead instead of {name}")
    moved_s = time.monotonic() - began
    if system.parts("kafka")[name]["state"] == "ready":
        raise RuntimeError(f"{name} was back before another led")
    at = system.kafka.high_watermark(partition)
    until(lambda: system.kafka.high_watermark(partition) > at, "events to be published under the new leader")
    served_s = time.monotonic() - began
    await_healed(system, partition, before)
    return {"killed": name, "another_led_after_s": round(moved_s, 1), "published_after_s": round(served_s, 1)}


def two_brokers_down(system, dice):
    partition = system.kafka.partition_of_load()
    leader = system.kafka.partition(partition).leader
    names = sorted(system.parts("kafka"), key=lambda name: (name != f"kafka-{leader}", dice.random()))[:2]
    before = restarts_of(system, *names)
    for name in names:
        system.do("--down", name)
    worst_bytes = 0
    end = time.monotonic() + TWO_DOWN_S
    while time.monotonic() < end:
        worst_bytes = max(worst_bytes, log_bytes(system))
        time.sleep(1)  # lint: allow sleep: the fault is a matter of time alone
    lag_s = relay_lag_ms(system) / 1000
    if lag_s < TWO_DOWN_S / 2:
        raise RuntimeError(f"the relay was only {lag_s:.0f} s behind: it did not miss the two brokers")
    if worst_bytes >= LOG_LIMIT_BYTES * SHORT_FROM:
        raise RuntimeError(f"the log grew to {worst_bytes} bytes")
    began = time.monotonic()
    for name in names:
        system.do("--up", name)
    until(lambda: relay_lag_ms(system) < CAUGHT_UP_MS, "the relay to have caught up", 2 * HEALED_WITHIN_S)
    caught_up_s = time.monotonic() - began
    await_healed(system, partition, before)
    return {"down": names, "lag_s": round(lag_s, 1), "log_bytes": int(worst_bytes),
            "caught_up_after_s": round(caught_up_s, 1)}


def relay_lag_ms(system):
    return max(system.metric("replicator", f'meridian_relay_lag_milliseconds{{shard="{SHARD}"}}'), 0)


def log_bytes(system):
    return max(system.metric(name, f'meridian_event_log_bytes{{shard="{SHARD}"}}') for name in system.parts("routing"))


def relay_position(system):
    """Up to where the log may be trimmed, as the store has it: (term, number)."""
    told = system.ask_primary("HGET", f"meridian:{{r{SHARD}}}:followers", "relay")
    found = re.fullmatch(r"(\d+) (\d+)", told)
    return (int(found[1]), int(found[2])) if found else None


def relay_killed_before_trim(system, dice):
    """Right after the relay has moved its position in the log, which it does once a second: what Kafka acknowledges from
    then on is published and not yet marked as such."""
    kafka = system.kafka
    partition = kafka.partition_of_load()
    first = relay_position(system)
    until(lambda: relay_position(system) not in (None, first), "the relay to move its position")
    marked, at = relay_position(system), kafka.high_watermark(partition)
    restarts = system.parts("replicator")["replicator"]["restarts"]
    until(lambda: kafka.high_watermark(partition) >= at + KILL_AFTER_EVENTS, "Kafka to acknowledge events")
    system.signal("replicator", "replicator", signal.SIGKILL)
    published, left_at = kafka.high_watermark(partition) - at, relay_position(system)
    kafka.read_to(partition, at + published)
    before = kafka.repeats
    system.await_ready("replicator", "replicator", restarts + 1)
    if not kafka.read(lambda: kafka.repeats > before, REPEATS_WITHIN_S):
        raise RuntimeError(f"nothing came again: the relay was not killed between acknowledgement and trim "
                           f"({published} published beyond {marked}, left at {left_at})")
    return {"published_beyond": published, "marked_again": left_at != marked, "came_again": kafka.repeats - before}
