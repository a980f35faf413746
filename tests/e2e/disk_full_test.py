"""A full disk: refusals that say so, nothing acknowledged lost, and service again when there is room."""

import ctypes
import os
import subprocess

import grpc
import pytest
from conversation_test import attach
from google.rpc import error_details_pb2, status_pb2
from people import Agent, Customer
from running_standalone import Standalone
from waiting import eventually

CLONE_NEWNS = 0x00020000
LONG_TEXT = "Una factura muy larga. " * 350  # 8 KB


@pytest.fixture(name="disk")
def small_disk(tmp_path):
    """A file system of 40 MB that is mounted for this process and its children alone."""
    assert os.geteuid() == 0, "mounting needs root"
    assert ctypes.CDLL(None).unshare(CLONE_NEWNS) == 0
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", disk], check=True)


def reason_of(error):
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    for detail in status_pb2.Status.FromString(details).details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.reason
    return ""


def submit_until_refused(platform):
    """The customers whose contacts were acknowledged, and the first refusal."""
    acknowledged = []
    for number in range(5000):
        customer = Customer(platform, f"visitor-{number}")
        try:
            customer.submit(LONG_TEXT)
        except grpc.RpcError as error:
            return acknowledged, error
        acknowledged.append(customer)
    raise AssertionError("the disk was never full")


def test_a_full_disk_refuses_and_loses_nothing_and_serves_again(disk):
    platform = Standalone(disk).start()
    try:
        name, agent = platform.on_shift("es"), Agent()
        with attach(platform, name, agent):
            agent.wait_attached()
            acknowledged, refusal = submit_until_refused(platform)
            assert len(acknowledged) > 10
            assert refusal.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, refusal
            assert reason_of(refusal) == "NO_SPACE"

            subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
            late = Customer(platform, "visitor-late")

            def served():
                try:
                    return late.submit("Hola, buenas tardes, otra vez yo.")
                except grpc.RpcError as error:
                    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
                    return None

            eventually(served, 30, "service again")
            for customer in acknowledged:
                assert customer.read_back() == [(1, "customer", "", LONG_TEXT)]
        platform.stop()
    finally:
        platform.kill()
