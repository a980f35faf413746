"""The short form of `tests/soak/run` for faults of Redis: once each of those that take acknowledged work away."""

import os

import pytest
from faults import FAULTS
from standing import Standing


@pytest.mark.parametrize("name", ["redis_tail_lost", "redis_restart_loses_a_second",
                                  "machine_lost_behind_lagging_replicas"])
def test_nothing_acknowledged_is_lost(tmp_path, name):
    rows = []
    bad = Standing(os.environ["MERIDIAN_BUILD_DIR"], tmp_path, FAULTS[name], seed=7).run(
        1, lambda **fields: rows.append(fields) or fields)
    print(rows)
    assert bad == 0, rows
