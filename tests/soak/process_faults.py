"""Faults of the platform's own processes: they die, stand still, or have a clock that steps."""

import itertools
import signal
import time
import uuid

from fault import Finding
from waiting import lasting, until


def platform_frozen(system, dice):
    system.platform.process.send_signal(signal.SIGSTOP)
    lasting(dice, 1, 12)
    system.platform.process.send_signal(signal.SIGCONT)


def platform_killed(system, dice):
    system.platform.kill()
    lasting(dice, 0, 1)
    system.start_platform()


def clock_steps(system, dice):
    """The clocks of the platform and of Redis, either or both, step by seconds to minutes, forwards or backwards, and some
    seconds later back to the truth."""
    ahead_s = dice.choice((-1, 1)) * 10 ** dice.uniform(0.3, 2.3)
    who = dice.choice((("platform",), ("redis",), ("platform", "redis")))
    for name in who:
        system.clocks[name].step_to(ahead_s)
    for name in who:
        until(lambda name=name: abs(CLOCKS[name](system) - ahead_s) < 2, f"the clock of {name} to be {ahead_s:.0f} s ahead")
    lasting(dice, 1, 8)
    for name in who:
        system.clocks[name].step_to(0)
        until(lambda name=name: abs(CLOCKS[name](system)) < 2, f"the clock of {name} to be right again")


def ahead_by_ids(system):
    """How far the platform's clock is ahead, as the id of a contact shows that it makes now."""
    noted = system.noted()
    until(lambda: system.submitted(noted), "a contact to be acknowledged")
    newest = uuid.UUID(system.submitted(noted)[-1].split("-", 1)[1])
    return (newest.int >> 80) / 1000 - time.time()


CLOCKS = {"platform": ahead_by_ids, "redis": lambda system: int(system.redis.primary.ask("TIME").splitlines()[0]) - time.time()}


# ---- the region's processes ----

PLACED = ("routing", "session")  # shards are served by one process of the kind at a time


def victim(system, kinds, dice):
    """Who serves the load where only one of the kind does; else any."""
    parts = system.parts(*kinds)
    name = system.serving(kinds[0]) if kinds[0] in PLACED else dice.choice(sorted(parts))
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


# Which way the clock steps, and what happens while it is wrong.
STEPS = ((1, "another is away"), (-1, "it dies"), (1, "it dies"), (-1, "another is away"), (1, "nothing"))
MOST_AHEAD_S = 10  # a shard's time follows a wrong clock by 5 %


def region_part_clock_steps(kind):
    """The clock of one process of the kind steps by seconds to an hour, forwards or backwards, and goes 5 % faster or slower
    for a while; meanwhile it may die and be started again, or take over the work of another. Then the clock is right again."""
    steps = itertools.cycle(STEPS)

    def act(system, dice):
        way, meanwhile = next(steps)
        name, part = victim(system, (kind,), dice)
        fellow = next(each for each in system.parts(kind) if each != name)
        wrong = fellow if meanwhile == "another is away" else name
        ahead_s = way * dice.choice((3, 60, 600)) * dice.uniform(1, 6)
        step(system, wrong, ahead_s)
        lasting(dice, 0, 3)
        if meanwhile == "it dies":
            system.signal(name, kind, signal.SIGKILL)
            system.await_ready(name, kind, part["restarts"] + 1)
        elif meanwhile == "another is away":
            system.do("--down", name)
            until(lambda: kind not in PLACED or system.serving(kind) == wrong, f"{wrong} to take over")
        slewed_s = system.clocks[wrong].slew(dice.randrange(2, 8), dice.choice((-1, 1)) * 0.05)
        until(lambda: system.clock_is(wrong, slewed_s), f"the clock of {wrong} to be as wrong as it was")
        step(system, wrong, 0)
        if meanwhile == "another is away":
            system.do("--up", name)
            system.await_ready(name, kind, part["restarts"] + 1)
        if (routing_s := system.routing_ahead_s()) > MOST_AHEAD_S:
            raise Finding(f"the routing shard's time is {routing_s:.0f} s ahead after a clock was ({ahead_s:.0f} s, {meanwhile})")
        return {"ahead_s": round(ahead_s), "meanwhile": meanwhile, "routing_ahead_s": round(routing_s, 1)}
    return act


def step(system, name, ahead_s):
    system.clocks[name].step_to(ahead_s)
    until(lambda: system.clock_is(name, ahead_s), f"the clock of {name} to be {ahead_s:.0f} s ahead")


def region_primary_killed(system, dice):
    name, part = next((name, part) for name, part in system.parts("redis").items() if part["shown"] == "primary")
    system.signal(name, "redis", signal.SIGKILL)
    system.await_ready(name, "redis", part["restarts"] + 1)
