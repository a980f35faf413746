"""What may go wrong, one function each: it does it, and mends what does not mend itself. Each is judged by what clients
saw and by `meridianctl events verify` (standing.py)."""

import functools
import signal

import kafka_faults
from acting import Fault, lasting, until
from systems import OnRedis, Region

# ---- Redis ----

def in_step(server):
    return "master_link_status:up" in server.ask("INFO", "replication")


def all_in_step(system):
    """One primary, and every other server follows it and has what it has."""
    primary = system.primary()
    return primary is not None and all(in_step(server) for server in system.servers() if server is not primary)


def the_next(system):
    """The one replica that the sentinels may promote, as they know: all others have priority 0, so that it is the one
    whose acknowledgement counts or, where a fault says so, the one that lags."""
    others = [server for server in system.servers() if server is not system.primary()]
    for server in others:
        server.ask("CONFIG", "SET", "replica-priority", "100" if server is others[0] else "0")
    wanted = {str(server.port): "100" if server is others[0] else "0" for server in others}
    for sentinel in system.redis.sentinels:
        # They read priorities every ten seconds, unless a fail-over is on.
        until(lambda sentinel=sentinel: priorities(sentinel) == wanted, "the sentinels to know who is next")
    return others[0]


def priorities(sentinel):
    found = {}
    port = None
    lines = sentinel.ask("SENTINEL", "REPLICAS", "meridian").splitlines()
    for name, value in zip(lines, lines[1:]):
        if name == "port":
            port = value
        if name == "slave-priority":
            found[port] = value
    return found


def redis_primary_killed(system, dice):
    primary, successor = system.primary(), the_next(system)
    primary.kill()
    until(lambda: successor.ask("ROLE").startswith("master"), "the replica to be promoted")
    lasting(dice, 0, 1)
    primary.start()
    until(lambda: all_in_step(system), "all to follow the new primary")


def redis_primary_frozen(system, dice):
    primary, _ = system.primary(), the_next(system)
    primary.freeze()
    lasting(dice, 0.2, 8)
    primary.go_on()
    until(lambda: all_in_step(system), "one primary, and all in step")


def redis_tail_lost(system, dice):
    """The replica that is promoted lacks what the others acknowledged."""
    primary, successor = system.primary(), the_next(system)
    successor.freeze()
    primary.ask("CLIENT", "KILL", "TYPE", "replica")  # the others come back at once, the frozen one cannot
    lasting(dice, 0.3, 1.5)
    primary.kill()
    successor.go_on()
    until(lambda: successor.ask("ROLE").startswith("master"), "the replica without the tail to be promoted")
    primary.start()
    until(lambda: all_in_step(system), "all to follow the new primary")


def machine_lost_behind_lagging_replicas(system, dice):
    """The primary and the platform die together while no replica has the last moments: nothing of them was acknowledged."""
    primary, successor = system.primary(), the_next(system)
    replicas = [server for server in system.servers() if server is not primary]
    for replica in replicas:
        replica.freeze()
    primary.ask("CLIENT", "KILL", "TYPE", "replica")
    lasting(dice, 0.2, 0.8)
    system.platform.kill()
    primary.kill()
    for replica in replicas:
        replica.go_on()
    until(lambda: successor.ask("ROLE").startswith("master"), "a replica to be promoted")
    primary.start()
    system.platform.start()
    until(lambda: all_in_step(system), "all to follow the new primary")


def redis_restart_loses_a_second(system, dice):
    """The primary dies with its machine and is back at once, without what its append-only file had not on the disk."""
    primary = system.primary()
    files = list((primary.folder / "appendonlydir").glob("*.incr.aof"))
    before = {file: file.stat().st_size for file in files}
    lasting(dice, 0.2, 1)
    primary.kill()
    for file, size in before.items():
        with open(file, "r+b") as opened:
            opened.truncate(size)
    primary.start()
    until(lambda: all_in_step(system), "the replicas to follow what is left")


def redis_out_of_memory(system, dice):
    primary = system.primary()
    used = int(dict(line.split(":", 1) for line in primary.ask("INFO", "memory").splitlines() if ":" in line)["used_memory"])
    primary.ask("CONFIG", "SET", "maxmemory", str(used))
    lasting(dice, 0.5, 4)
    primary.ask("CONFIG", "SET", "maxmemory", "0")


# ---- the platform ----

def platform_frozen(system, dice):
    system.platform.process.send_signal(signal.SIGSTOP)
    lasting(dice, 1, 12)
    system.platform.process.send_signal(signal.SIGCONT)


def platform_killed(system, dice):
    system.platform.kill()
    lasting(dice, 0, 1)
    system.platform.start()


# ---- the region's processes ----

def victim(system, kinds, dice):
    """Who serves the load where only one of the kind does; else any."""
    parts = system.parts(*kinds)
    name = system.serving(kinds[0]) if kinds[0] in ("routing", "session") else dice.choice(sorted(parts))
    return name, parts[name]


def region_part_killed(*kinds):
    def act(system, dice):
        name, part = victim(system, kinds, dice)
        system.signal(name, part["kind"], signal.SIGKILL)
        system.await_ready(name, part["kind"], part["restarts"] + 1)
    return act


def region_part_frozen(*kinds):
    def act(system, dice):
        name, part = victim(system, kinds, dice)
        system.signal(name, part["kind"], signal.SIGSTOP)
        lasting(dice, 1, 12)
        system.signal(name, part["kind"], signal.SIGCONT)
    return act


def region_primary_killed(system, dice):
    name, part = next((name, part) for name, part in system.parts("redis").items() if part["shown"] == "primary")
    system.signal(name, "redis", signal.SIGKILL)
    system.await_ready(name, "redis", part["restarts"] + 1)


def with_sentinels(build, folder):
    return OnRedis(build, folder)


def one_redis(build, folder):
    return OnRedis(build, folder, replicas=1, sentinels=0)


three_brokers = functools.partial(Region, brokers=3)
SERVICES = ("routing", "session", "ingress", "agent_gateway", "replicator", "admin")

FAULTS = {
    "redis_primary_killed": Fault("kill -9 of the Redis primary", with_sentinels, redis_primary_killed),
    "redis_primary_frozen": Fault("the primary stands still for 0.2 to 8 s", with_sentinels, redis_primary_frozen),
    "redis_tail_lost": Fault("a fail-over that loses up to 1.5 s", with_sentinels, redis_tail_lost, grant_slack_s=20),
    "machine_lost_behind_lagging_replicas": Fault("primary and platform die together while the replicas lag",
                                                  with_sentinels, machine_lost_behind_lagging_replicas),
    "redis_restart_loses_a_second": Fault("a restart in place that loses up to 1 s", one_redis,
                                          redis_restart_loses_a_second, grant_slack_s=20),
    "redis_out_of_memory": Fault("`maxmemory` is reached for up to 4 s", one_redis, redis_out_of_memory),
    "platform_frozen_on_redis": Fault("`standalone` stands still for 1 to 12 s", with_sentinels, platform_frozen,
                                      grant_slack_s=15),
    "platform_killed_on_redis": Fault("kill -9 of `standalone` over Redis", with_sentinels, platform_killed),
    **{f"{kind}_killed": Fault(f"kill -9 of a process of `{kind}`", Region, region_part_killed(kind),
                               judges_kafka=kind == "replicator") for kind in SERVICES},
    **{f"{kind}_frozen": Fault(f"a process of `{kind}` stands still for 1 to 12 s", Region, region_part_frozen(kind),
                               grant_slack_s=15, judges_kafka=kind == "replicator") for kind in SERVICES},
    "region_primary_killed": Fault("kill -9 of the region's Redis primary", Region, region_primary_killed),
    "region_kafka_killed": Fault("kill -9 of the only broker", Region, region_part_killed("kafka"), repeat=5,
                                 judges_kafka=True, longest_pause_s=5),
    "region_leader_broker_killed": Fault("kill -9 of the broker, one of three, that leads the partition of the load",
                                         three_brokers, kafka_faults.leader_broker_killed, repeat=5, judges_kafka=True,
                                         longest_pause_s=5),
    "region_two_brokers_down": Fault("two of three brokers are down for a minute", three_brokers,
                                     kafka_faults.two_brokers_down, repeat=3, judges_kafka=True, longest_pause_s=5),
    "relay_killed_before_trim": Fault("the relay is killed after Kafka acknowledged and before the log may be trimmed",
                                      Region, kafka_faults.relay_killed_before_trim, repeat=5, judges_kafka=True),
}
