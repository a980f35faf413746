"""The short form of `tests/benchmark/platform/surge`: a tenant floods a process that another one uses too."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["MERIDIAN_SOURCE_DIR"]) / "tests/benchmark/platform"))
import surge_runs  # noqa: E402
from standalone import Load  # noqa: E402
from surge_judge import verdict  # noqa: E402

SHORT = ["--build", os.environ["MERIDIAN_BUILD_DIR"], "--agents", "200", "--times", "5", "--seconds", "4", "--closed-seconds", "2",
         "--calm-seconds", "1"]


def test_what_was_acknowledged_is_served_and_live_work_goes_on(tmp_path):
    arguments = surge_runs.parse_arguments(None, SHORT)
    run = surge_runs.two(Load(arguments.build), arguments, tmp_path)
    print("\n".join(surge_runs.lines(run)))
    assert not verdict(run, arguments.memory_mb)
    assert run["client"]["surge"]["acknowledged"]["count"] > 100
    assert all(quiet["acknowledged"]["count"] > 0 for quiet in run["quiet"].values())
