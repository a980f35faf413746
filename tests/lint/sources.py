"""What every lint needs: the files of the repository, and C++ text without its comments and strings."""

import os
import pathlib
import re
import subprocess
from typing import NamedTuple

ROOT = pathlib.Path(os.environ.get("MERIDIAN_SOURCE_DIR") or pathlib.Path(__file__).parents[2])


class Finding(NamedTuple):
    """One place that breaks a rule; `path` is relative to the repository."""

    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


def listed(findings):
    """Findings as an assertion message: all of them, one a line."""
    return "\n" + "\n".join(map(str, findings))


def files(*suffixes, under=""):
    """Returns the repository's files (tracked, or new and not ignored) with one of the suffixes, sorted."""
    command = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "--", under or "."]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted({n for n in names if (not suffixes or n.endswith(suffixes)) and (ROOT / n).is_file()})


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


# Raw strings, comments, strings and characters, in the order in which they can hide each other. A digit before the
# quote is a digit separator, not a character.
_HIDDEN = re.compile(
    r'R"(?P<tag>[^()\s]*)\(.*?\)(?P=tag)"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)
_INCLUDE = re.compile(r'^\s*#\s*include\s*"[^"\n]*"', re.MULTILINE)


def code_only(text):
    """Returns C++ text with comments, strings and characters blanked; lines and `#include` paths stay."""
    includes = [m.span() for m in _INCLUDE.finditer(text)]

    def blank(match):
        if any(begin <= match.start() < end for begin, end in includes):
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())

    return _HIDDEN.sub(blank, text)
