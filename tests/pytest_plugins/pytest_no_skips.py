"""A pytest plugin: a test that was skipped, or is expected to fail, fails the run.

A file that is skipped as a whole leaves nothing to run, which pytest itself ends with exit code 5.
"""

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    outcome = yield
    report = outcome.get_result()
    if report.skipped or hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(report, "wasxfail", "")
        report.outcome = "failed"
        report.longrepr = f"a test may not be skipped or expected to fail: {reason}"
        if hasattr(report, "wasxfail"):
            del report.wasxfail

