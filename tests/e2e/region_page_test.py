"""docs/operations/region.md: its code blocks, word for word and in order, in a folder that looks like a fresh clone."""

import json

import pytest
from reader import ROOT, shell_blocks, two_terminals
from waiting import eventually

START = "deploy/dev/region"
READY_WITHIN_S = 180
STOPPED_WITHIN_S = 90
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(name="terminals")
def terminals_of_a_reader(tmp_path):
    with two_terminals(tmp_path / "meridian", START, ".data/region/addresses.json", READY_WITHIN_S) as terminals:
        yield terminals


def test_the_page_of_the_region_works_word_for_word(terminals):
    first, second = terminals
    page = (ROOT / "docs/operations/region.md").read_text()
    assert f"\n    {START}\n" in page
    first.start()

    def run(block):
        # An event is in Kafka soon, not at once; a reader looks again.
        if "kcat" not in block:
            return second.run(block)
        return eventually(lambda: second.run(f"({block}) || true").count(TRACE) >= 2 and "found", 30, "the trace in Kafka")

    said = [(block, run(block)) for block in shell_blocks(page)]

    def output_of(words):
        return next(output for block, output in said if words in block)

    contact = json.loads(output_of("SubmitContact"))["contactId"]
    assert output_of("kcat") == "found"
    assert contact in output_of("events --until-now")
    assert output_of("--kill redis-primary").strip()
    assert "--stop" in said[-1][0]
    assert first.await_end(STOPPED_WITHIN_S) == 0
