"""A tenant over its quotas is told so, and the other tenants of the installation notice nothing."""

import concurrent.futures

import grpc
import pytest
from people import Customer
from waiting import eventually

NOISY = """
tenant: noisy
channels: [{name: chat, units: 1}]
queues: [{name: main}]
plans: [{name: main, rules: [{name: all, queue: main, steps: [{}]}]}]
quotas:
  new_contacts: {per_second: 1, burst: BURST}
  messages: {per_second: 1, burst: BURST}
  waiting_contacts: 3
"""


class Noisy:
    """The platform as the people of that tenant use it."""

    def __init__(self, platform):
        self._platform = platform

    @property
    def grpc(self):
        return self._platform.grpc

    def token(self, role, subject, *more):
        return self._platform.ctl("--tenant", "noisy", "token", "create", "--role", role, "--subject", subject, *more)


@pytest.fixture(name="noisy")
def noisy_tenant(request, platform, tmp_path):
    file = tmp_path / "noisy.yaml"
    file.write_text(NOISY.replace("BURST", str(request.param)))
    platform.ctl("--tenant", "noisy", "apply", str(file))
    return Noisy(platform)


def refusal_of(customer, text):
    """The details of the error; empty when it was taken."""
    try:
        customer.submit(text)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
        return dict(error.trailing_metadata())["grpc-status-details-bin"]
    return b""


@pytest.mark.parametrize("noisy", [100000], indirect=True)
def test_only_so_many_contacts_of_a_tenant_may_wait(platform, noisy):
    customers = [Customer(noisy, f"+3460000000{i}") for i in range(5)]
    assert [refusal_of(customer, "hola") for customer in customers[:3]] == [b""] * 3
    for customer in customers[3:]:
        details = refusal_of(customer, "hola")
        for said in (b"QUOTA_EXCEEDED", b"waiting_contacts", b"google.rpc.QuotaFailure", b"google.rpc.RetryInfo"):
            assert said in details
    assert refusal_of(customers[0], "sigo aqui") == b"", "it joins its contact"
    assert refusal_of(Customer(platform, "+34611111111"), "hola") == b""
    assert b'meridian_quota_refusals_total{quota="waiting_contacts"} 2' in platform.metrics()
    customers[1].cancel()
    eventually(lambda: refusal_of(customers[4], "hola otra vez") == b"", what="a contact taken again")


@pytest.mark.parametrize("noisy", [20], indirect=True)
def test_a_tenant_that_floods_is_refused_and_another_is_not(platform, noisy):
    customers = [Customer(noisy, f"+346000{i:05d}") for i in range(8)]
    quiet = Customer(platform, "+34611111111")
    with concurrent.futures.ThreadPoolExecutor(len(customers)) as threads:
        floods = [threads.submit(lambda c=c: [refusal_of(c, f"mensaje {i}") for i in range(20)]) for c in customers]
        said = [refusal_of(quiet, f"hola {i}") for i in range(10)]
        refusals = [details for flood in floods for details in flood.result()]
    assert said == [b""] * 10
    assert any(b"new_contacts.per_second" in details for details in refusals)
    assert all(b"QUOTA_EXCEEDED" in details for details in refusals if details)
