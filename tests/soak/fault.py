"""What a fault is."""

from typing import Callable, NamedTuple, Optional


class Finding(Exception):
    """What a fault saw itself that may not be; the checker judges all the same."""


class Fault(NamedTuple):
    what: str
    system: Callable  # (build, folder) → a system
    # (system, dice) → what shows that it hit, for the report's row, or None. It raises when it did not hit, and Finding
    # when it saw what may not be.
    act: Callable
    repeat: int = 20
    # Events bear their shard's time, which stands still while nobody has the shard and catches up slowly
    # (docs/adr/0004-shard-time-after-a-pause.md); where a tail is lost, an agent's work also begins anew a while after it
    # had begun.
    grant_slack_s: int = 10
    # Whether what Kafka holds is judged too (kafka_judge.py).
    judges_kafka: bool = False
    # Between two acknowledged contacts; more is a finding.
    longest_pause_s: Optional[float] = None
