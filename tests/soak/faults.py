"""What may go wrong, one function each: it does it, and mends what does not mend itself. Each is judged by what clients
saw and by `meridianctl events verify` (standing.py)."""

import functools

import kafka_faults
from fault import Fault
from link_faults import broken_links, primary_cut_off, slow_links
from process_faults import (clock_steps, platform_frozen, platform_killed, region_part_clock_steps,
                            region_part_frozen, region_part_killed, region_primary_killed)
from redis_faults import (machine_lost_behind_lagging_replicas, redis_disk_full, redis_out_of_memory,
                          redis_primary_frozen, redis_primary_killed, redis_restart_loses_a_second, redis_tail_lost)
from systems import BehindGate, CutInTwo, GatedRegion, OnRedis, OnSmallDisk, Region, RegionWithClocks, WithClocks
from upgrade_faults import Upgradable, rolling_upgrade


def with_sentinels(build, folder):
    return OnRedis(build, folder)


def one_redis(build, folder):
    return OnRedis(build, folder, replicas=1, sentinels=0)


def small_disk(fsync, durability):
    return lambda build, folder: OnSmallDisk(build, folder, fsync, durability)


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
    "redis_disk_full_everysec": Fault("no room for the append-only file for up to 5 s", small_disk("everysec", "replicated"),
                                      redis_disk_full, grant_slack_s=15),
    "redis_disk_full_always": Fault("the same where the server ends of it, `strict`", small_disk("always", "strict"),
                                    redis_disk_full, grant_slack_s=15),
    "primary_cut_off": Fault("primary and platform are cut off from the replicas and sentinels", CutInTwo, primary_cut_off,
                             repeat=5, grant_slack_s=20),
    "slow_links": Fault("delay and stalls between the platform and Redis", BehindGate, slow_links, repeat=5),
    "broken_links": Fault("cuts in the middle of bytes and half-open connections to Redis", BehindGate, broken_links,
                          repeat=5, grant_slack_s=15),
    "slow_links_of_region": Fault("delay and stalls between the region's processes", GatedRegion, slow_links, repeat=5,
                                  grant_slack_s=15),
    "broken_links_of_region": Fault("cuts and half-open connections between the region's processes", GatedRegion,
                                    broken_links, repeat=5, grant_slack_s=15),
    "clock_steps": Fault("clocks step by seconds to minutes, and back", WithClocks, clock_steps, repeat=5),
    "platform_frozen_on_redis": Fault("`standalone` stands still for 1 to 12 s", with_sentinels, platform_frozen,
                                      grant_slack_s=15),
    "platform_killed_on_redis": Fault("kill -9 of `standalone` over Redis", with_sentinels, platform_killed),
    **{f"{kind}_killed": Fault(f"kill -9 of a process of `{kind}`", Region, region_part_killed(kind),
                               judges_kafka=kind == "replicator") for kind in SERVICES},
    **{f"{kind}_frozen": Fault(f"a process of `{kind}` stands still for 1 to 12 s", Region, region_part_frozen(kind),
                               grant_slack_s=15, judges_kafka=kind == "replicator") for kind in SERVICES},
    **{f"{kind}_clock_steps": Fault(f"the clock of a process of `{kind}` steps by seconds to an hour, slews, and steps back",
                                    RegionWithClocks, region_part_clock_steps(kind), repeat=5, grant_slack_s=15)
       for kind in ("routing", "session", "ingress", "agent_gateway")},
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
    "rolling_upgrade": Fault("each process of the region is replaced by one of the next release, and then back", Upgradable,
                             rolling_upgrade, repeat=3, judges_kafka=True),
}
