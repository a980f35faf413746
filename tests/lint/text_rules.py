"""Rules about text and names, for every file of ours: nothing left behind, names that say something, sizes that fit.

A line may break a rule when it, or the line above, says `lint: allow <rule>: <reason>`. Run by hand:
tests/lint/text_rules.py.
"""

import re
import sys
from typing import NamedTuple

from sources import Finding, code_only, files, read

SOURCE = (".h", ".cc", ".py", ".proto", ".js", ".css", ".html", ".sh", ".cmake", ".txt", ".yaml", ".yml", ".json")
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70
MAX_TEST_LINES = 110
# This folder has the refused words in it, planted.
UNREAD = ("tests/lint/",)


class Rule(NamedTuple):
    name: str
    pattern: re.Pattern
    message: str


RULES = (
    Rule("left-behind", re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b"),
         "left behind: do it, or take it out and say what is missing where users read it"),
    Rule("skip", re.compile(r"\bGTEST_SKIP\b|\bDISABLED_\w|\bpytest\.(?:skip|importorskip)\b|\bmark\.(?:skip|skipif|xfail)\b"
                            r"|\bunittest\.skip|\bself\.skipTest\b"),
         "a test that may be skipped: make it run, or take it out"),
    Rule("sleep", re.compile(r"\bsleep_(?:for|until)\b|\bu?sleep\(|\bnanosleep\(|\btime\.sleep\(|\babsl::SleepFor\b"),
         "a sleep: wait for a condition with a deadline"),
    Rule("dropped-error", re.compile(r"\bIgnoreError\(\)"), "an error thrown away: handle it or say why it cannot matter"),
)
BANNED_NAMES = {"util", "utils", "common", "helper", "helpers", "misc", "manager", "impl"}


def allowed(rule, lines, index):
    marker = re.compile(rf"lint: allow {rule}: \w")
    return any(marker.search(lines[i]) for i in (index, index - 1) if i >= 0)


def name_findings(path):
    bad = BANNED_NAMES & set(re.split(r"[/_.\-]", path.lower()))
    return [Finding(path, 1, f"`{word}` in a name says nothing: name the one thing that this is") for word in sorted(bad)]


def _function_findings(path, text):
    """Functions are clang-formatted: they open with `{` at the end of an unindented statement and close with `}`."""
    opened = None
    for number, line in enumerate(code_only(text).splitlines(), 1):
        if line.startswith("}"):
            if opened:
                start, limit = opened
                if number - start + 1 > limit:
                    yield start, f"a function of {number - start + 1} lines (at most {limit}): name its parts"
            opened = None
        elif re.match(r"[A-Za-z_~:]", line) and not line.rstrip().endswith((";", ":")):
            if not re.match(r"(namespace|struct|class|enum|union|extern|using|template)\b", line):
                limit = MAX_TEST_LINES if re.match(r"(TYPED_)?TEST(_[FP])?\(", line) else MAX_FUNCTION_LINES
                opened = (number, limit)


def findings_in(path, text):
    lines = text.splitlines()
    found = name_findings(path)
    for number, line in enumerate(lines, 1):
        for rule in RULES:
            if rule.pattern.search(line) and not allowed(rule.name, lines, number - 1):
                found.append(Finding(path, number, rule.message))
    if path.endswith((".h", ".cc", ".py")) and len(lines) > MAX_FILE_LINES:
        found.append(Finding(path, 1, f"{len(lines)} lines (at most {MAX_FILE_LINES}): is this still about one thing?"))
    if path.endswith((".h", ".cc")):
        found += [Finding(path, n, m) for n, m in _function_findings(path, text) if not allowed("length", lines, n - 1)]
    if path.endswith(".h") and "#pragma once" not in text:
        found.append(Finding(path, 1, "a header without #pragma once"))
    return found


def findings():
    found = [f for path in files() for f in name_findings(path)]
    seen = set(found)
    for path in files(*SOURCE):
        if not path.startswith(UNREAD):
            found += [f for f in findings_in(path, read(path)) if f not in seen]
    return found


if __name__ == "__main__":
    found = findings()
    print("\n".join(map(str, found)))
    sys.exit(1 if found else 0)
