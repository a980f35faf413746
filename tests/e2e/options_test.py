"""What the process says of options that cannot be followed, and of what it writes where."""

import json
import os
import re
import subprocess

import grpc
import pytest
from running_standalone import BUILD, DEMO_TENANT, STANDALONE

INVALID_UTF8 = b"\x1a\x02\xff\xfe"  # SubmitContactRequest.channel


def refused(*options):
    done = subprocess.run([STANDALONE, "--port", "0", *map(str, options)], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_a_data_folder_stays_in_its_region(platform):
    platform.stop()
    said = refused("--data", platform.data, "--region", "us1")
    assert "was made with the region local, not us1" in said
    platform.start()


def test_a_visitor_token_lives_neither_too_short_nor_too_long(tmp_path):
    for life in ("9s", "61m"):
        assert f"--visitor-token-life: must be 10s to 1h, not {life}" in refused("--data", tmp_path, "--visitor-token-life", life)


def test_a_tenant_file_that_cannot_be_read_is_named(tmp_path):
    assert f"cannot read {tmp_path}: Is a directory" in refused("--data", tmp_path / "a", "--config", tmp_path)
    empty = tmp_path / "empty.yaml"
    empty.write_text("")
    assert f"{empty}:1:1: tenant must be set" in refused("--data", tmp_path / "b", "--config", empty)
    two = tmp_path / "two.yaml"
    two.write_text(DEMO_TENANT.read_text() + "---\ntenant: other\n")
    line = len(DEMO_TENANT.read_text().splitlines()) + 2
    assert f"{two}:{line}:1: the file must be one YAML document" in refused("--data", tmp_path / "c", "--config", two)


def test_a_request_that_is_not_utf8_is_a_line_of_the_log_without_its_bytes(platform):
    token = platform.token("integrator", "shop")
    with grpc.insecure_channel(platform.grpc) as channel:
        call = channel.unary_unary("/meridian.ingress.v1.IngressService/SubmitContact")
        try:
            call(INVALID_UTF8, metadata=(("authorization", f"Bearer {token}"),), timeout=5)
        except grpc.RpcError as error:
            assert error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL)
    platform.stop()
    lines = [line for line in platform.log().splitlines() if not line.startswith(("http ", "grpc "))]
    said = [json.loads(line)["message"] for line in lines]
    assert "protobuf complains" in said


def program(name):
    return BUILD / f"services/{name}/{name}"


PROGRAMS = ("standalone", "routing", "session", "ingress", "agent_gateway", "admin", "replicator")


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_explains_every_option_with_its_default(name):
    done = subprocess.run([program(name), "--help"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    options = re.findall(r"^  (--[a-z-]+)(.*)\n((?:      .+\n)+)", done.stdout, re.MULTILINE)
    assert [flag for flag, _, _ in options] == re.findall(r"^  (--[a-z-]+)", done.stdout, re.MULTILINE)
    assert {"--options", "--check", "--port", "--drain-limit", "--region"} <= {flag for flag, _, _ in options}
    for flag, head, explanation in options:
        assert "(default: " in head or "(required)" in head or "(a switch; default: " in head, flag
        assert len(explanation.split()) >= 3, flag


def check(name, folder, options, file=""):
    """(exit code, what it says is wrong, without its name and the test's folder); it must leave nothing behind."""
    (folder / "o.yaml").write_text(file)
    before = sorted(folder.rglob("*"))
    done = subprocess.run([program(name), "--check", "--options", folder / "o.yaml", "--data", folder / "data", *options],
                          capture_output=True, text=True, timeout=30)
    assert sorted(folder.rglob("*")) == before
    lines = [line.removeprefix(f"{name}: ").replace(f"{folder}/", "") for line in done.stderr.splitlines()]
    return done.returncode, [line for line in lines if not line.startswith("Try ")]


EDGE = "keys: {0}/keys\nrouting: 127.0.0.1:1\nsession: 127.0.0.1:2\n"
SHARDS = "keys: {0}/keys\nredis: 127.0.0.1:6379\n"
WELL = {"standalone": "config: {0}/tenant.yaml\n", "routing": SHARDS, "replicator": SHARDS, "session": SHARDS,
        "ingress": EDGE, "agent_gateway": EDGE, "admin": SHARDS}
WRONG = (
    ("standalone", "port: 65535\nlog-level: loud\nseed: x\n",
     ["o.yaml:1: port: must be 0 to 65534, not 65535",
      "o.yaml:2: log-level: must be debug, info, warning, error or off, not loud",
      "o.yaml:3: seed: must be a whole number, 0 to 18446744073709551615, not x"]),
    ("standalone", "listen: 0.0.0.0\n",
     ["o.yaml:1: listen: must be an address of this machine while demo tokens are on, not 0.0.0.0: others could reach it "
      "with them; use --no-demo-tokens"]),
    ("standalone", "region: Europe\nhistory-days: 0\nvisitor-token-life: 2h\npages: {0}/none\n",
     ["o.yaml:1: region: must be 1 to 7 of [a-z0-9], a letter first, not Europe",
      "o.yaml:4: pages: must be a folder that is there, not none",
      "o.yaml:2: history-days: must be 1 to 3650, not 0", "o.yaml:3: visitor-token-life: must be 10s to 1h, not 2h"]),
    ("standalone", "kafka-brokers: here\nkafka-certificate: {0}/c.pem\nforget-relay: true\n",
     ["--kafka-ca: must be given where there is a certificate or a key",
      "--kafka-key: must be given where there is a certificate", "o.yaml:3: forget-relay: must stand without --kafka-brokers",
      "o.yaml:1: kafka-brokers: must be HOST:PORT, several separated by commas"]),
    ("standalone", "config: {0}/bad.yaml\n",
     ["o.yaml:1: config: the tenant file has errors:", "  bad.yaml:1:1: nonsense is not known here",
      "  bad.yaml:1:1: tenant must be set: the name of the tenant whose configuration this is"]),
    ("standalone", "redis: [a:1, b]\nredis-durability: sure\nredis-replicas: 101\nredis-ca: {0}/none.pem\n"
     "redis-password-file: {0}/empty\n",
     ["o.yaml:1: redis: must be HOST:PORT or the path of a socket, not b",
      "o.yaml:5: redis-password-file: must be a file that holds a password: empty cannot be read or is empty",
      "o.yaml:2: redis-durability: must be async, replicated or strict, not sure",
      "o.yaml:3: redis-replicas: must be 0 to 100, not 101",
      "o.yaml:4: redis-ca: must hold the authorities' certificates: TLS file none.pem: cannot be read",
      "--redis-sentinel-master: must name the primary: several --redis are sentinels"]),
    ("routing", "keys: {0}/none\n",
     ["o.yaml:1: keys: must be a folder that is there, not none",
      "--redis: must be given: a SQLite file serves one process alone"]),
    ("session", SHARDS + "shards: 1025\n", ["o.yaml:3: shards: must be 0 to 1024, not 1025"]),
    ("session", SHARDS + "keep-conversations: 500ms\n",
     ["o.yaml:3: keep-conversations: must be 1s to 87600h, not 500ms"]),
    ("ingress", "keys: {0}/bad_keys\nrouting: here\nlisten: 0.0.0.0\nseesion: x:1\n",
     ["o.yaml:4: seesion: must be an option of ingress",
      "o.yaml:1: keys: must hold a key that can be used: bad_keys/signing_key.pem: not a P-256 private key in PEM form",
      "o.yaml:2: routing: must be HOST:PORT, not here", "o.yaml:3: listen: must be an address of this machine",
      "--session: must be given where --redis is not"]),
    ("replicator", SHARDS + "kafka-brokers: here\nhistory-days: 3651\ntls-ca: {0}/none.pem\npublic-key: {0}/k.pem\n",
     ["o.yaml:4: history-days: must be 1 to 3650, not 3651",
      "o.yaml:5: tls-ca: must hold the authorities' certificates: TLS file none.pem: cannot be read",
      "--tls-certificate: must be given, with --tls-key, where there is --tls-ca",
      "--public-certificate: must be given with --public-key, and that with it",
      "o.yaml:3: kafka-brokers: must be HOST:PORT, several separated by commas"]),
    ("admin", "port: 1: 2\n", ["o.yaml:1: must be well-formed YAML", "--keys: must be given", "--redis: must be given"]),
)


@pytest.fixture(name="folder")
def folder_with_files(tmp_path):
    (tmp_path / "tenant.yaml").write_text(DEMO_TENANT.read_text())
    (tmp_path / "bad.yaml").write_text("nonsense: 1\n")
    (tmp_path / "empty").write_text("")
    for keys in ("keys", "bad_keys"):
        (tmp_path / keys).mkdir()
    (tmp_path / "bad_keys/signing_key.pem").write_text("no key")
    (tmp_path / "bad_keys/signing_key.pem").chmod(0o600)
    return tmp_path


@pytest.mark.parametrize("name", PROGRAMS)
def test_check_finds_nothing_wrong_with_options_that_are_well(name, folder):
    assert check(name, folder, [], WELL[name].format(folder)) == (0, [])


@pytest.mark.parametrize(("name", "file", "problems"), WRONG)
def test_check_names_all_that_is_wrong(name, file, problems, folder):
    code, said = check(name, folder, [], file.format(folder))
    assert code == 2
    assert len(said) == len(problems), said
    for line, problem in zip(said, problems):
        assert line.startswith(problem), said


def test_an_options_file_is_a_file_of_a_sensible_size(folder):
    os.mkfifo(folder / "pipe")
    (folder / "huge.yaml").write_text("#" * (1 << 20) + "\n")
    for name in ("pipe", "huge.yaml"):
        said = refused("--data", folder / "data", "--options", folder / name)
        assert f"{name} must be a file of at most 1 MiB" in said


def test_a_start_uses_the_options_file_and_the_command_line_wins(folder):
    (folder / "o.yaml").write_text("visitor-token-life: 9s\nregion: eu1\n")
    said = refused("--data", folder / "data", "--options", folder / "o.yaml", "--region", "!")
    assert f"{folder}/o.yaml:1: visitor-token-life: must be 10s to 1h, not 9s" in said
    assert "--region: must be 1 to 7 of [a-z0-9], a letter first, not !" in said
