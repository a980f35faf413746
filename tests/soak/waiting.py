"""How faults wait: for a condition, or for a length of time that the dice say."""

import time

HEALED_WITHIN_S = 60


def until(condition, what, limit_s=HEALED_WITHIN_S):
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"expected {what} within {limit_s} s")
        time.sleep(0.02)  # lint: allow sleep: between two looks, with a deadline


def lasting(dice, shortest_s, longest_s):
    time.sleep(dice.uniform(shortest_s, longest_s))  # lint: allow sleep: the fault is a matter of time alone
