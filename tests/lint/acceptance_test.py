"""Every test and command that an acceptance page names exists."""

import os

import acceptance
import sources

HEAD = "| sentence | shown by | state |\n|---|---|---|\n"


def check(row):
    rows, found = acceptance.rows_in("page.md", HEAD + row + "\n")
    names = ["lint_purity", "Uuid.Parses", "Uuid.Prints"]
    return [f.message for f in found + acceptance.findings_in(rows, names, lambda name: name == "tests/run")]


def test_the_pages_name_only_what_exists():
    rows, found = acceptance.findings(os.environ["MERIDIAN_BUILD_DIR"])
    assert rows
    assert not found, sources.listed(found)


def test_good_rows_pass():
    assert check("| It works. | `lint_purity` `Uuid.*`, `tests/run --all` | shown |") == []
    assert check("| It works `a\\|b`. | `Uuid.Parses` | part: not the rest |") == []
    assert check("| It will work. | | not yet |") == []


def test_names_that_do_not_exist_are_found():
    assert check("| It works. | `lint_purty` | shown |") == ["no such test: lint_purty"]
    assert check("| It works. | `Guid.*` | not yet |") == ["no such test: Guid.*"]
    assert check("| It works. | `tests/ran` | part: half |") == ["no such command: tests/ran"]


def test_a_claim_without_proof_is_found():
    assert len(check("| It works. | | shown |")) == 1
    assert len(check("| It works. | seen by eye | shown |")) == 2
    assert len(check("| It works. | `lint_purity` | done |")) == 1
    assert len(check("| It works. | `lint_purity` |")) == 1
