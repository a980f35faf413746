"""What a region's Redis holds of the load's contacts, agents and conversations, as bytes and not through the platform: in
which format each record was written, and the field that the next release adds (next_release.patch)."""

import socket
from typing import NamedTuple

BUCKETS = 1024  # of a table (docs/adr/0010-keys-and-markers-in-redis.md)
FORMAT = 1  # the number of the field


class Table(NamedTuple):
    key: str  # of shard 0, where the load's tenant is (systems.py)
    added: int  # the number of the next release's field


TABLES = {"contact": Table("meridian:{r0}:2", 29), "agent": Table("meridian:{r0}:3", 13),
          "conversation": Table("meridian:{s0}:1", 17)}


class Stored(NamedTuple):
    format: int
    written_at: int  # the next release's field; 0: it is not there


def read_records(port):
    """By name of the table: key → Stored."""
    found = {}
    for name, table in TABLES.items():
        pairs = _hashes(port, [f"{table.key}:{bucket}" for bucket in range(BUCKETS)])
        found[name] = {key: stored_of(value, table.added) for key, value in pairs}
    return found


def stored_of(value, added):
    numbers = numbers_in(value)
    return Stored(numbers[FORMAT], numbers.get(added, 0))


def numbers_in(message):
    """The fields of a message in protobuf's wire format that are numbers: field → value."""
    numbers, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value

    while at < len(message):
        field, kind = divmod(varint(), 8)
        if kind == 0:
            numbers[field] = varint()
        else:
            length = varint() if kind == 2 else {1: 8, 5: 4}[kind]
            at += length
    return numbers


def _hashes(port, keys):
    """Every (field, value) of the hashes, as bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"".join(b"*2\r\n$7\r\nHGETALL\r\n$%d\r\n%s\r\n" % (len(key), key.encode()) for key in keys))
        answers = connection.makefile("rb")
        for _ in keys:
            texts = [_text(answers) for _ in range(_count(answers, b"*"))]
            yield from zip(texts[::2], texts[1::2])


def _count(answers, kind):
    line = answers.readline()
    if line[:1] != kind:
        raise RuntimeError(f"Redis said {line!r}")
    return int(line[1:])


def _text(answers):
    return answers.read(_count(answers, b"$") + 2)[:-2]
