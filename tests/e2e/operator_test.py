"""What an operator sees on the command line: events as they happen, and what a tenant file would change."""

import re
import subprocess

import grpc
import pytest
from meridian.admin.v1 import admin_service_pb2 as admin_pb
from meridian.admin.v1 import admin_service_pb2_grpc as admin_rpc
from meridian_client import bearer, uuid7
from people import Customer
from running_standalone import MERIDIANCTL
from waiting import eventually

TEXT = "Hola, quisiera saber si tienen esta chaqueta en talla grande, por favor."


class Watch:
    """`meridianctl watch` beside the test."""

    def __init__(self, platform, folder, *arguments):
        self._out, self._err = folder / "watch.out", folder / "watch.err"
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self._process = subprocess.Popen([MERIDIANCTL, "--data", platform.data, "watch", *arguments], stdout=out,
                                             stderr=err, stdin=subprocess.DEVNULL)

    def lines(self):
        return self._out.read_text().splitlines()

    def wait(self):
        """Its exit code, and what it said of its end."""
        return self._process.wait(timeout=20), self._err.read_text()

    def close(self):
        self._process.kill()
        self._process.wait()


def test_watch_shows_events_as_they_happen_and_where_to_go_on(platform, tmp_path):
    before = Customer(platform, "before")
    before.submit(TEXT)
    watch = Watch(platform, tmp_path, "--topic", "contact")
    try:
        def has_begun():
            Customer(platform, f"probe {len(probes)}").submit(TEXT)
            probes.append(1)
            return watch.lines()

        probes = []
        eventually(has_begun, what="the first event")
        customer = Customer(platform, "watched")
        customer.submit(TEXT)
        line = eventually(lambda: [each for each in watch.lines() if customer.contact_id in each], what="its line")[0]
        assert "queued" in line and "language=es" in line and customer.conversation_id in line
        assert not [each for each in watch.lines() if before.contact_id in each], "new events only"
        platform.kill()
        code, said = watch.wait()
    finally:
        watch.close()
    assert code == 1 and "UNAVAILABLE" in said.upper()
    position = re.search(r"^continue with: --from (\S+)$", said, re.MULTILINE).group(1)
    platform.start()
    later = Customer(platform, "later")
    later.submit(TEXT)
    rest = platform.ctl("events", "--from", position, "--until-now", "--topic", "contact")
    assert later.contact_id in rest and customer.contact_id not in rest


def test_diff_shows_what_applying_a_file_would_change(platform):
    def diff():
        done = subprocess.run([MERIDIANCTL, "--data", platform.data, "diff", platform.config], capture_output=True,
                              text=True, timeout=30)
        return done.returncode, done.stdout

    assert diff() == (0, "no difference: revision 1 is in force\n")
    text = platform.config.read_text()
    changed = text.replace("skills: [billing, technical]", "skills: [billing, technical, warranty]", 1)
    assert changed != text
    platform.config.write_text(changed)
    code, shown = diff()
    assert code == 1
    assert shown.startswith("--- revision 1\n+++ ")
    lines = [line for line in shown.splitlines()[2:] if line[0] in "+-"]
    assert len(lines) <= 2 and "warranty" in lines[-1] and lines[-1].startswith("+"), shown
    assert "published revision 2" in platform.ctl("apply", platform.config)
    assert diff() == (0, "no difference: revision 2 is in force\n")


def test_a_refused_configuration_names_the_fields_that_were_sent(platform):
    token = bearer(platform.token("admin", "olga"))
    with grpc.insecure_channel(platform.grpc) as channel:
        stub = admin_rpc.AdminServiceStub(channel)
        config = stub.GetConfig(admin_pb.GetConfigRequest(), metadata=token, timeout=10).config
        config.queues[0].name = "Not A Name"
        config.agents[0].capacity = 1
        with pytest.raises(grpc.RpcError) as refused:
            stub.ApplyConfig(admin_pb.ApplyConfigRequest(request_id=uuid7(), config=config), metadata=token, timeout=10)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    details = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
    assert b"queues[0].name" in details and b"agents[0].channels.chat" in details
