"""Faults of what is between processes: networks apart, links that are slow or broken."""

import time

import gate
from redis_faults import all_in_step
from systems import MASTER_NAME
from waiting import lasting, until

ANSWERS_ON_THEIR_WAY_S = 1  # what was durable before the cut


def primary_cut_off(system, dice):
    """The primary and the platform on one side, replicas and sentinels on the other: a replica is promoted while the
    platform goes on writing to the old primary, which may acknowledge nothing of it. Afterwards the first primary is made
    primary again, so that the platform is on its side the next time too."""
    primary, successor = system.redis.primary, system.redis.replicas[0]
    bring_home(system)  # the sentinels may have replaced it, on a machine that was busy for a second
    primary.ask("CONFIG", "SET", "replica-priority", "1")  # the first choice when it is asked to be primary again
    system.cable.cut()
    time.sleep(ANSWERS_ON_THEIR_WAY_S)  # lint: allow sleep: no condition says that nothing is on its way
    noted, written = system.noted(), offset(primary)
    until(lambda: is_primary(successor), "the replica to be promoted")
    lasting(dice, 0, 5)
    if not is_primary(primary):
        raise RuntimeError("the primary was not cut off: it knows that it is none any more")
    if acknowledged := system.submitted(noted):
        raise RuntimeError(f"acknowledged by a primary that was cut off: {acknowledged[:5]}")
    if offset(primary) == written:
        raise RuntimeError("nobody wrote to the primary while it was cut off")
    system.cable.mend()
    until(lambda: system.primary() is successor and all_in_step(system), "all to follow the new primary")
    bring_home(system)


def bring_home(system):
    """The first primary is primary again."""
    primary = system.redis.primary
    if not is_primary(primary):
        # Asked once, or it would be asked to be replaced: refused while another fail-over is on.
        until(lambda: system.redis.sentinels[0].ask("SENTINEL", "FAILOVER", MASTER_NAME) == "OK", "a fail-over to begin")
        until(lambda: is_primary(primary), "the first primary to be primary again")
    until(lambda: system.primary() is primary and all_in_step(system), "all to follow the first primary")


def is_primary(server):
    return server.ask("ROLE").startswith("master")


def offset(server):
    """Of all that was ever written to it."""
    return int(server.ask("ROLE").splitlines()[1])


def slow_links(system, dice):
    """Delay up to a quarter of a second, and now and then some seconds in which a connection stands still."""
    through(system, gate.Slow(dice, dice.uniform(0.005, 0.25), dice.uniform(0.5, 3)), dice)


def broken_links(system, dice):
    """Connections break inside of messages; then one way, or both, is open and swallows all."""
    through(system, gate.Cut(dice, 1 << dice.randrange(6, 18)), dice)
    through(system, gate.HalfOpen(dice.choice((0, 1, None))), dice)


def through(system, links, dice):
    for each in system.gates:
        each.links = links
    lasting(dice, 1, 5)
    for each in system.gates:
        each.links = gate.Links()
    if not links.seen:
        raise RuntimeError(f"nothing passed the gate while it had {type(links).__name__} links")
