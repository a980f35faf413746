"""Faults of the platform's own processes: they die, stand still, or have a clock that steps."""

import signal
import time
import uuid

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
