"""What the process says of options that cannot be followed, and of what it writes where."""

import json
import subprocess

import grpc
from running_standalone import DEMO_TENANT, STANDALONE

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
        assert "--visitor-token-life must be 10s to 1h" in refused("--data", tmp_path, "--visitor-token-life", life)


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
