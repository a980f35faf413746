"""A region whose Redis and Kafka have TLS and credentials: who has none is refused, and everything works as without."""

import subprocess
import types

import pytest
from deploy_region_test import FIRST, RunningRegion
from meridian_client import AgentClient
from people import Agent, Customer
from running_kafka import RELAYED_WITHIN_S, relayed_events
from waiting import eventually


@pytest.fixture(name="region")
def running_region(tmp_path):
    region = RunningRegion(tmp_path, "--secure-stores")
    try:
        yield region.wait_ready()
    finally:
        region.kill()


class Redis:
    def __init__(self, region, part):
        self._port = region.parts()[part]["address"].rpartition(":")[2]
        self._tls = region.folder / "tls"

    def says(self, *command, certificate=None, user=None, password=""):
        options = ["--tls", "--cacert", self._tls / "ca.pem"] if certificate else []
        if certificate:
            options += ["--cert", self._tls / certificate / "certificate.pem", "--key", self._tls / certificate / "key.pem"]
        if user:
            options += ["--user", user, "--pass", password, "--no-auth-warning"]
        done = subprocess.run(["redis-cli", "-p", self._port, *options, *command], capture_output=True, text=True, timeout=20)
        return done.stdout + done.stderr


def test_the_stores_serve_nobody_without_certificate_and_password(region):
    password = (region.folder / "redis/meridian.password").read_text()
    for part in ("redis-primary", "redis-replica", "sentinel-1"):
        redis = Redis(region, part)
        assert "PONG" not in redis.says("PING"), "plain text"
        assert "NOAUTH" in redis.says("PING", certificate="operator"), "a certificate and no password"
        assert "WRONGPASS" in redis.says("PING", certificate="operator", user="meridian", password="guessed")
        assert "PONG" in redis.says("PING", certificate="operator", user="meridian", password=password)
    primary = Redis(region, "redis-primary")
    refused = primary.says("FLUSHALL", certificate="operator", user="meridian", password=password)
    assert "no permissions" in refused, "the store's user may do what the store does"
    kafka = ["kcat", "-b", region.addresses["kafka"], "-L", "-m", "5"]
    assert subprocess.run(kafka, capture_output=True, timeout=30).returncode != 0

    ingress, gateway = region.at("ingress-1"), region.at("agent_gateway-1")
    name, agent, customer = region.ctl("demo", "agent", "--language", "es", "--name"), Agent(), Customer(ingress, "visitor-1")
    with AgentClient(gateway.grpc, region.token("agent", name), name, agent) as client:
        agent.wait_attached()
        customer.submit(FIRST)
        client.accept(agent.wait_offer(customer.contact_id)).result(timeout=20)
        assignment = agent.wait_assignment(customer.contact_id)
        before = region.parts()["redis-primary"]
        assert region.do("--kill", "redis-primary").returncode == 0
        customer.say("¿Sigue ahí?")
        agent.wait_text(customer.conversation_id, "¿Sigue ahí?", within=40)
        region.wait_back("redis-primary", before)
        client.complete(assignment).result(timeout=40)
        agent.wait_ended(customer.contact_id)
    files = region.folder / "kafka"
    settings = {"security.protocol": "ssl", "ssl.ca.location": str(files / "ca.pem"),
                "ssl.certificate.location": str(files / "client.pem"), "ssl.key.location": str(files / "client.key")}
    brokers = types.SimpleNamespace(bootstrap=region.addresses["kafka"])
    eventually(lambda: customer.contact_id in [event.entity for _, event in relayed_events(brokers, "local", settings)],
               RELAYED_WITHIN_S, "the contact's events")
