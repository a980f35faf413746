"""Waiting for a condition, with a deadline."""

import time


def eventually(condition, within=20, what="the condition"):
    """The first true value of `condition()`."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            described = what() if callable(what) else what
            raise AssertionError(f"not within {within} s: {described}")
        time.sleep(0.02)  # lint: allow sleep: between two looks, with a deadline
