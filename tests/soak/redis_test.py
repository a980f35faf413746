"""The short form of `tests/soak/run` for faults of Redis: those that take acknowledged work away, one of them again on
the same system."""

import os

import pytest
from faults import FAULTS
from standing import Standing


@pytest.mark.parametrize("name, repeats", [("redis_tail_lost", 1), ("redis_restart_loses_a_second", 2),
                                           ("machine_lost_behind_lagging_replicas", 1)])
def test_nothing_acknowledged_is_lost(tmp_path, name, repeats):
    rows = []
    bad = Standing(os.environ["MERIDIAN_BUILD_DIR"], tmp_path, FAULTS[name], seed=7).run(
        repeats, lambda **fields: rows.append(fields) or fields)
    print(rows)
    assert bad == 0, rows
    assert len(rows) == repeats
