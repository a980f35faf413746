"""The protos pass buf's lint offline, and say of every text whether it may leave."""

import os
import subprocess

import data_class
import pytest
import sources

PROTO = sources.ROOT / "proto"


def buf_lint(folder):
    # No remote can be reached: what buf needs is in the repository.
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"), "HTTPS_PROXY": "http://127.0.0.1:9"}
    run = subprocess.run([sources.ROOT / ".tools/bin/buf", "lint"], cwd=folder, env=env, capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def test_buf_lint():
    code, said = buf_lint(PROTO)
    assert code == 0, said


def test_buf_lint_refuses_planted_text(tmp_path):
    (tmp_path / "buf.yaml").write_text((PROTO / "buf.yaml").read_text().replace("    - google\n", "").replace("  ignore:\n", ""))
    planted = tmp_path / "planted/v1/planted.proto"
    planted.parent.mkdir(parents=True)
    planted.write_text('syntax = "proto3";\npackage planted.v1;\nmessage bad_name {}\n')
    code, said = buf_lint(tmp_path)
    assert code != 0 and "bad_name" in said


@pytest.fixture(scope="module", name="protos")
def our_protos():
    return data_class.Protos(data_class.descriptor_set(PROTO))


def test_every_text_field_has_a_data_class(protos):
    assert data_class.unclassified(protos) == []


def test_nothing_personal_or_secret_is_reachable_from_an_event(protos):
    assert data_class.leaks(protos) == []


PLANTED = """syntax = "proto3";
package meridian.event.v1;
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "meridian/type/v1/data_class.proto";
message Event { Inner inner = 1; google.protobuf.Timestamp at = 2; }
message Inner {
  string id = 1 [(meridian.type.v1.data_class) = DATA_CLASS_ROUTING];
  map<string, Deep> deep = 2 [(meridian.type.v1.data_class) = DATA_CLASS_ROUTING];
  bytes bare = 3;
  map<string, int32> bare_map = 4;
  google.protobuf.Struct bare_struct = 5;
  string unspecified = 6 [(meridian.type.v1.data_class) = DATA_CLASS_UNSPECIFIED];
}
message Deep {
  string name = 1 [(meridian.type.v1.data_class) = DATA_CLASS_PERSONAL];
  repeated bytes key = 2 [(meridian.type.v1.data_class) = DATA_CLASS_SECRET];
}
message Elsewhere { string name = 1 [(meridian.type.v1.data_class) = DATA_CLASS_PERSONAL]; }
"""


@pytest.fixture(scope="module", name="planted")
def planted_protos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proto")
    for name in ("meridian/type/v1/data_class.proto", "meridian/event/v1/planted.proto"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / "meridian/type/v1/data_class.proto").write_text((PROTO / "meridian/type/v1/data_class.proto").read_text())
    (folder / "meridian/event/v1/planted.proto").write_text(PLANTED)
    return data_class.Protos(data_class.descriptor_set(folder))


def test_planted_fields_without_a_class_are_found(planted):
    inner = "meridian.event.v1.Inner."
    assert data_class.unclassified(planted) == [inner + n for n in ("bare", "bare_map", "bare_struct", "unspecified")]


def test_planted_leaks_are_found_with_their_path(planted):
    path = "meridian.event.v1.Event.inner.deep."
    assert data_class.leaks(planted) == [path + "key is SECRET", path + "name is PERSONAL"]
