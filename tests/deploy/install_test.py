"""deploy/dev/install, on a machine where it has run before."""

import os
import pathlib
import shutil
import subprocess

import pytest
from blocked_clients import BlockedClients

ROOT = pathlib.Path(os.environ["MERIDIAN_SOURCE_DIR"])


@pytest.mark.parametrize("arguments", ([], ["platform"], ["kafka"], ["region"], ["tests"]))
def test_a_second_run_calls_no_package_client(tmp_path, arguments):
    blocked = BlockedClients(tmp_path)
    run = subprocess.run([ROOT / "deploy/dev/install", *arguments], env=blocked.environment, capture_output=True, text=True)
    assert (run.returncode, run.stdout, blocked.calls()) == (0, "", []), run.stderr


def test_an_unknown_set_is_refused():
    run = subprocess.run([ROOT / "deploy/dev/install", "everything"], capture_output=True, text=True)
    assert run.returncode == 2 and "usage:" in run.stderr


def test_a_failed_step_is_named_with_the_end_of_its_log(tmp_path):
    shutil.copytree(ROOT / "deploy/dev", tmp_path / "deploy/dev")
    (tmp_path / "deploy/dev/packages_platform.txt").write_text("meridian-no-such-package\n")
    blocked = BlockedClients(tmp_path)
    run = subprocess.run([tmp_path / "deploy/dev/install", "platform"], env=blocked.environment, capture_output=True, text=True)
    assert run.returncode == 1
    assert "this failed: reading the package lists" in run.stderr and str(tmp_path / ".tools/install.log") in run.stderr
    assert not (tmp_path / ".tools/stamp.platform").exists()
