"""docs/asyncapi.yaml is valid AsyncAPI 3.0, its references lead somewhere, and it names every event on its topic."""

import json
import re

import jsonschema
import pytest
import yaml
from events_page_test import PAGE, body_types
from sources import ROOT, read

DOCUMENT = "docs/asyncapi.yaml"
SCHEMA = "tests/lint/asyncapi_schema/3.0.0.json"
CHANNEL_OF = {"CONTACT": "contactEvents", "AGENT": "agentEvents", "CONFIG": "configEvents"}


def document():
    return yaml.safe_load(read(DOCUMENT))


def errors_in(found):
    schema = json.loads(read(SCHEMA))
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in jsonschema.Draft7Validator(schema).iter_errors(found)]


def references_in(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references_in(inner)


def leads_somewhere(found, reference):
    path, _, pointer = reference.partition("#")
    if path:
        return (ROOT / "docs" / path).exists()
    for part in pointer.strip("/").split("/"):
        if part not in found:
            return False
        found = found[part]
    return True


def types_by_topic():
    """From the sections of the human page, "## Topic CONTACT" and so on; TermStarted is on each."""
    topic, found = None, {name: ["TermStarted"] for name in CHANNEL_OF}
    for line in read(PAGE).splitlines():
        if line.startswith("## "):
            topic = line.removeprefix("## Topic ")
        match = re.match(r"### (\w+)$", line)
        if match and topic in found:
            found[topic].append(match.group(1))
    return found


def test_it_is_valid():
    assert errors_in(document()) == []


@pytest.mark.parametrize("break_it", (
    lambda found: found["info"].pop("version"),
    lambda found: found["channels"]["contactEvents"].update(addres="x"),
    lambda found: found["operations"]["sendContactEvents"].update(action="publish"),
))
def test_a_broken_one_is_seen(break_it):
    found = document()
    break_it(found)
    assert errors_in(found)


def test_its_references_lead_somewhere():
    found = document()
    assert [r for r in references_in(found) if not leads_somewhere(found, r)] == []


def test_it_names_every_event_type():
    messages = document()["components"]["messages"]
    assert sorted(messages) == sorted(body_types())
    assert {key: message["name"] for key, message in messages.items()} == {
        name: f"meridian.event.v1.{name}" for name in body_types()}


def test_each_event_is_on_its_topic():
    channels = document()["channels"]
    assert {topic: sorted(channels[key]["messages"]) for topic, key in CHANNEL_OF.items()} == {
        topic: sorted(names) for topic, names in types_by_topic().items()}


def test_it_names_every_header_and_topic_of_the_relay():
    source = read("libs/wire/cloud_event.cc")
    headers = document()["components"]["messageTraits"]["event"]["headers"]["properties"]
    assert sorted(headers) == sorted(set(re.findall(r'emplace_back\("([^"]+)"', source)))
    addresses = {channel["address"] for channel in document()["channels"].values()}
    assert addresses == {f"meridian.{{region}}.{name}" for name in (
        "contact.events.v1", "agent.events.v1", "config.events.v1", "audit.v1")}
