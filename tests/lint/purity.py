"""Keeps the pure layers pure: equal state and commands give equal effects, bit for bit, in every run and on every machine.

Run by hand: tests/lint/purity.py; it prints what it finds, with the replacement, and fails when there is anything.
An unordered container may be declared in a pure layer when its line says `// looked up, never walked`; it may then not be iterated.
"""

import re
import sys
from typing import NamedTuple

from sources import Finding, code_only, files, read

PURE = ("base", "domain", "routing", "conversation", "replication", "simulation")


class Rule(NamedTuple):
    """`pattern` is refused in the libraries `where`, except in the files `unless`."""

    pattern: re.Pattern
    replacement: str
    where: tuple = PURE
    unless: tuple = ()


def _words(*alternatives):
    return re.compile("|".join(alternatives))


def _headers(*names):
    return r"#\s*include\s*[<\"](?:" + "|".join(names) + ")"


LOOKUP_ONLY = re.compile(r"//.*\b(?:lookup only|looked up, never walked)\b")
UNORDERED = re.compile(r"\b(?:unordered_(?:multi)?(?:map|set)|(?:flat|node)_hash_(?:map|set))\s*<")

RULES = (
    Rule(_words(r"\bstd::chrono\b", r"\w+_clock\b", r"\bgettimeofday\b", r"\bclock_gettime\b",
                r"\bstd::time\s*\(", r"\btime\s*\(\s*(?:nullptr|NULL|0)\s*\)", r"\babsl::(?:Now|Time|Duration)\b",
                _headers("chrono>", "ctime>", "time.h>", "sys/time.h>", "absl/time/")),
         "a clock or clock type; take `Instant now` as an argument (libs/base/time.h)"),
    Rule(_words(r"\bstd::(?:thread|jthread|(?:\w+_)?mutex|atomic\w*|condition_variable\w*|future|promise|async|call_once)\b",
                r"\babsl::(?:Mutex|Notification|BlockingCounter)\b", r"\bpthread_", r"\bthread_local\b",
                _headers("thread>", "mutex>", "shared_mutex>", "atomic>", "future>", "condition_variable>", "semaphore>",
                         "stop_token>", "latch>", "barrier>", "absl/synchronization/")),
         "a thread or a lock; pure code has one writer, threads belong to libs/runtime"),
    Rule(_words(r"\bstd::random_device\b", r"\bs?rand(?:om)?\s*\(", r"\babsl::(?:BitGen|Uniform|InsecureBitGen)\b",
                r"\bgetrandom\b", r"\barc4random", r"\babsl::Hash(?:Of)?\b", _headers("absl/random/")),
         "randomness; hash an id (libs/base) or take the value as an argument"),
    Rule(_words(r"\bstd::(?:mt19937|minstd_rand|default_random_engine|uniform_\w+_distribution)", _headers("random>")),
         "a random generator; hash an id, or move it to libs/simulation, which is given a seed",
         where=tuple(p for p in PURE if p != "simulation")),
    Rule(_words(r"\bstd::c(?:out|err|log)\b", r"\bspdlog\b", r"\b(?:LOG|VLOG|DLOG)\s*\(",
                r"\bf?(?:printf|puts|putc)\s*\(", _headers("iostream>", "cstdio>", "stdio.h>", "spdlog/", "absl/log/")),
         "logging or output; return an effect or an absl::Status, and let the caller tell",
         unless=("libs/base/check.cc",)),
    Rule(_words(r"\bgetenv\b", r"\bstd::[io]?fstream\b", r"\bstd::filesystem\b",
                _headers("fstream>", "filesystem>", "unistd.h>", "sys/socket.h>")),
         "input or output; take the value as an argument, and read it in an adapter"),
    Rule(_words(_headers("grpc", "google/protobuf/", r"[^>\"\n]*\.pb\.h"), r"\bgrpc::", r"\bgoogle::protobuf\b"),
         "gRPC or protobuf; use the domain type, libs/wire converts"),
    Rule(_words(r"\bstd::(?:map|set|multimap|multiset)\s*<\s*(?:const\s+)?[\w:]+\s*(?:const\s*)?\*"),
         "order by address; use the id as the key"),
    Rule(_words(r"\b(?:float|double)\b", r"(?<![\w.])\d+\.\d+"),
         "floating point; use integers (thousandths) in scores", where=("routing",)),
)


def _library_of(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "libs" and parts[1] in PURE else None


def _unordered_findings(path, lines, code):
    """Unordered containers: declared only with the marker, and then never walked."""
    lookups = []
    for number, line in enumerate(code, 1):
        if not UNORDERED.search(line):
            continue
        if not LOOKUP_ONLY.search(lines[number - 1]):
            yield Finding(path, number, "an unordered container; use std::map, or a sorted vector, or say "
                                        "`// looked up, never walked` on this line")
            continue
        lookups += re.findall(r">\s*&?\s*(\w+)\s*(?:;|=|\{|,|\))", line)
    if not lookups:
        return
    names = "|".join(sorted(set(lookups)))
    walk = re.compile(rf"for\s*\([^;()]*:\s*(?:\w+(?:\.|->))*(?:{names})\s*\)|\b(?:{names})\s*(?:\.|->)\s*c?begin\s*\(")
    for number, line in enumerate(code, 1):
        if walk.search(line):
            yield Finding(path, number, "walks a container that is marked as never walked; keep an ordered one beside it")


def findings_in(path, text):
    """Returns what breaks purity in one file of a pure library."""
    library = _library_of(path)
    if library is None or path.endswith("_main.cc"):  # a generator's main is a program, no part of the library
        return []
    lines, code = text.splitlines(), code_only(text).splitlines()
    found = []
    for rule in RULES:
        if library in rule.where and path not in rule.unless:
            found += [Finding(path, n, f"{m.group().strip()}: {rule.replacement}")
                      for n, line in enumerate(code, 1) for m in [rule.pattern.search(line)] if m]
    return sorted(found + list(_unordered_findings(path, lines, code)), key=lambda f: f.line)


def findings():
    return [f for path in files(".h", ".cc", under="libs") for f in findings_in(path, read(path))]


if __name__ == "__main__":
    found = findings()
    print("\n".join(map(str, found)))
    sys.exit(1 if found else 0)
