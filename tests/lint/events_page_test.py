"""docs/events.md names every type of event and every field of each."""

import re

import sources

PROTO = "proto/meridian/event/v1/event.proto"
PAGE = "docs/events.md"


def messages():
    """Each message of the proto with the names of its fields."""
    text = re.sub(r"//.*", "", sources.read(PROTO))
    return {
        name: re.findall(r"(\w+) = \d+", body)
        for name, body in re.findall(r"^message (\w+) \{(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    }


def body_types():
    event = re.sub(r"//.*", "", sources.read(PROTO)).split("message Event {")[1]
    return re.findall(r"(\w+) \w+ = \d+;", event.split("oneof body {")[1].split("}")[0])


def sections():
    parts = re.split(r"^### (\w+)$", sources.read(PAGE), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def test_every_event_and_field_is_explained():
    assert len(body_types()) >= 18
    missing = []
    for name in body_types():
        section = sections().get(name)
        if section is None:
            missing.append(name)
            continue
        missing += [f"{name}.{field}" for field in messages()[name] if f"`{field}`" not in section]
    assert missing == []


def test_no_section_is_of_an_event_that_is_gone():
    assert sorted(sections()) == sorted(body_types())
