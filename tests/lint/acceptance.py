"""The acceptance pages (docs/acceptance): every test and command that a row names exists.

A page is Markdown; its rows are `| sentence | shown by | state |`. "shown by" holds names in backquotes: commands begin
with a path of the repository, everything else is a ctest name, `Suite.*` for a whole suite. Run by hand, after a build:
tests/lint/acceptance.py prints how many rows are shown.
"""

import collections
import fnmatch
import json
import os
import re
import subprocess
import sys
from typing import NamedTuple

from sources import ROOT, Finding, files, read

STATES = ("shown", "part", "not yet")


class Row(NamedTuple):
    path: str
    line: int
    sentence: str
    shown_by: list
    state: str


def rows_in(path, text):
    """Returns (rows, findings about the form) of one page."""
    rows, found = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|") or re.match(r"\|[\s\-:|]+$", line):
            continue
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells == ["sentence", "shown by", "state"]:
            continue
        state = cells[2].split(":")[0] if len(cells) == 3 else ""
        if state not in STATES:
            found.append(Finding(path, number, "a row is `| sentence | shown by | state |`, state: " + ", ".join(STATES)))
            continue
        if re.sub(r"`[^`]*`", "", cells[1]).strip(" ,"):
            found.append(Finding(path, number, "`shown by` holds names in backquotes and nothing else"))
        rows.append(Row(path, number, cells[0], re.findall(r"`([^`]+)`", cells[1]), state))
    return rows, found


def is_command(name):
    return "/" in name.split()[0]


def findings_in(rows, tests, command_exists):
    """`tests` are the ctest names; `command_exists` tells whether a path is a program of the repository."""
    found = []
    for row in rows:
        if row.state != "not yet" and not row.shown_by:
            found.append(Finding(row.path, row.line, f"`{row.state}`, but no test or command shows it"))
        for name in row.shown_by:
            if is_command(name):
                if not command_exists(name.split()[0]):
                    found.append(Finding(row.path, row.line, f"no such command: {name}"))
            elif not fnmatch.filter(tests, name):
                found.append(Finding(row.path, row.line, f"no such test: {name}"))
    return found


def ctest_names(build):
    run = subprocess.run(["ctest", "--show-only=json-v1"], cwd=build, capture_output=True, text=True, check=True)
    return [t["name"] for t in json.loads(run.stdout)["tests"]]


def findings(build):
    rows, found = [], []
    for path in files(".md", under="docs/acceptance"):
        more_rows, more_found = rows_in(path, read(path))
        rows += more_rows
        found += more_found
    return rows, found + findings_in(rows, ctest_names(build), lambda name: os.access(ROOT / name, os.X_OK))


if __name__ == "__main__":
    all_rows, all_found = findings(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release")
    print("\n".join(map(str, all_found)))
    counts = collections.Counter(r.state for r in all_rows)
    print(", ".join(f"{counts[s]} {s}" for s in STATES))
    sys.exit(1 if all_found else 0)
