"""The tour of README.md: its code blocks, word for word and in order, in a folder that looks like a fresh clone."""

import json
import re

import pytest
from reader import ROOT, shell_blocks, two_terminals
from web_visitor import WebVisitor

START = "deploy/dev/up"
READY_WITHIN_S = 60


def blocks():
    return shell_blocks((ROOT / "README.md").read_text().split("## A tour of five minutes")[1].split("\n## ")[0])


@pytest.fixture(name="terminals")
def terminals_of_a_reader(tmp_path):
    with two_terminals(tmp_path / "meridian", START, ".data/addresses.json", READY_WITHIN_S) as terminals:
        yield terminals


def test_the_tour_works_word_for_word(terminals):
    first, second = terminals
    addresses = {}
    said = []
    for block in blocks():
        if block.strip() == START:
            addresses = first.start()
        else:
            said.append((block, second.run(block)))

    def output_of(words):
        return next(output for block, output in said if words in block)

    assert addresses["http"].rstrip("/") == "http://127.0.0.1:8080" and addresses["grpc"].endswith("127.0.0.1:8081")
    assert re.search(r"^http://127\.0\.0\.1:8080/agent\S*#\S*token=", output_of("demo agent"), re.MULTILINE)
    contact = json.loads(output_of("SubmitContact"))
    assert contact["language"].split("-")[0] == "es"
    assert output_of("explain").strip()
    assert contact["contact_id"] in output_of("events --until-now")
    assert contact["contact_id"] in output_of("meridianctl contacts"), "it is still there after kill -9"


def test_the_customers_page_of_the_tour_may_open_a_session(terminals):
    first, _ = terminals

    class Tour:
        http = first.start()["http"].rstrip("/")

    assert WebVisitor(Tour).token
