"""A rolling upgrade of a region at work, and back, as docs/operations/upgrade.md says. The other version is made from HEAD
by next_release.patch: its stored format is one higher and it adds a field."""

import os
import pathlib
import subprocess
import sys
import time

from fault import Finding
from stored_records import read_records
from systems import ROOT, Region
from waiting import until

ORDER = ("replicator", "routing", "session", "admin", "ingress", "agent_gateway")
SHARED_WITHIN_S = 30
REWRITTEN = 32  # agents, of 64; each is written again when its work ends
THIS_FORMAT, NEXT_FORMAT = 1, 2


class Upgradable(Region):
    """A region, and the next release, which is built when it is missing or out of date."""

    def __init__(self, build, folder):
        super().__init__(build, folder)
        built = subprocess.run([sys.executable, ROOT / "tests/soak/next_release"], stdout=subprocess.PIPE, text=True)
        if built.returncode != 0:
            raise RuntimeError("the next release could not be built")
        self.next = pathlib.Path(built.stdout.strip())

    def records(self):
        return read_records(self.primary_port())


def rolling_upgrade(system, _dice):
    forward_s = replace_all(system, system.next)
    until(lambda: written_in(system.records(), NEXT_FORMAT)["agent"] >= REWRITTEN, "the next release to have written agents")
    upgraded = system.records()
    back_s = replace_all(system, system.build)
    until(lambda: written_in(system.records(), THIS_FORMAT)["agent"] >= REWRITTEN, "this release to have written them again")
    back = system.records()
    if lost := lost_fields(upgraded, back):
        raise Finding(f"{len(lost)} records lost what the next release had added, first {lost[0]}")
    return {"forward_s": round(forward_s, 1), "back_s": round(back_s, 1), "written_by_next": written_in(upgraded, NEXT_FORMAT),
            "kept_by_this": written_in(back, THIS_FORMAT)}


def replace_all(system, build):
    """One process after the other; returns how long it took."""
    began = time.monotonic()
    for kind in ORDER:
        for name in sorted(system.parts(kind)):
            replace(system, name, kind, build)
    return time.monotonic() - began


def replace(system, name, kind, build):
    try:
        system.do("--replace", name, "--programs", str(build))
    except RuntimeError as failed:
        raise Finding(str(failed)) from failed
    program = pathlib.Path(os.readlink(f"/proc/{system.parts(kind)[name]['pid']}/exe"))
    if not program.samefile(build / f"services/{kind}/{kind}"):
        raise RuntimeError(f"{name} is {program}")
    if kind in ("routing", "session"):
        until(lambda: shares(system, kind), f"the shards of {kind} to be shared evenly", SHARED_WITHIN_S)


def shares(system, kind):
    """Whether every process of the kind serves as many shards as the others, and none is on its way."""
    holders = list(system.holders(kind).values())
    counts = [holders.count((name, "serving")) for name in system.parts(kind)]
    return sum(counts) == len(holders) and min(counts) == max(counts)


def written_in(records, form):
    """By table: how many records were written last in this format and have the field of the next release."""
    return {table: sum(each.format == form and each.written_at > 0 for each in stored.values())
            for table, stored in records.items()}


def lost_fields(before, after):
    """Of records that are still there: whose field is gone, or older than it was."""
    return [f"{table} {key!r}: {old} became {after[table][key]}" for table, stored in before.items()
            for key, old in stored.items() if key in after[table] and after[table][key].written_at < old.written_at]
