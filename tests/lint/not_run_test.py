"""tests/run fails when a test did not run, in ctest and in pytest."""

import os
import subprocess
import sys

import pytest
import sources

REPORT = """<testsuite><testcase name="ran" status="run"/>
<testcase name="a" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>
<testcase name="b" status="disabled"><skipped message="Disabled"/></testcase></testsuite>"""


def check(report):
    return subprocess.run([sources.ROOT / "tests/not_run", report], capture_output=True, text=True)


def test_a_report_without_skips_passes(tmp_path):
    (tmp_path / "report.xml").write_text('<testsuite><testcase name="ran" status="run"/></testsuite>')
    assert check(tmp_path / "report.xml").returncode == 0


def test_skipped_and_disabled_tests_fail_by_name(tmp_path):
    (tmp_path / "report.xml").write_text(REPORT)
    run = check(tmp_path / "report.xml")
    assert run.returncode == 1
    assert "not run: a " in run.stderr and "not run: b " in run.stderr and "ran" not in run.stderr.split()


def test_a_test_that_ctest_skips_is_in_its_report(tmp_path):
    (tmp_path / "CTestTestfile.cmake").write_text(
        'add_test(skips "/bin/echo" "SKIPPED")\n'
        'set_tests_properties(skips PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED")\n'
        'add_test(gone "/no/such/program")\n')
    subprocess.run(["ctest", "--output-junit", tmp_path / "report.xml"], cwd=tmp_path, capture_output=True)
    run = check(tmp_path / "report.xml")
    assert "not run: skips" in run.stderr and "not run: gone" in run.stderr


@pytest.mark.parametrize("body", ("pytest.skip('x')", "pytest.xfail('x')", "pytest.importorskip('no_such_module')"))
def test_pytest_fails_instead_of_skipping(tmp_path, body):
    (tmp_path / "planted_test.py").write_text(f"import pytest\n\ndef test_planted():\n    {body}\n")
    assert run_pytest(tmp_path) == 1


def test_pytest_fails_instead_of_skipping_a_file(tmp_path):
    (tmp_path / "planted_test.py").write_text("import pytest\npytest.skip('x', allow_module_level=True)\n")
    assert run_pytest(tmp_path) != 0


def test_pytest_passes_what_passes(tmp_path):
    (tmp_path / "planted_test.py").write_text("def test_planted():\n    assert True\n")
    assert run_pytest(tmp_path) == 0


def run_pytest(folder):
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_no_skips", "--rootdir", folder,
               folder / "planted_test.py"]
    env = {**os.environ, "PYTHONPATH": str(sources.ROOT / "tests/pytest_plugins")}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True).returncode
