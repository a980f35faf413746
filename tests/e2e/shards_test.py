"""Shards placed over live processes: two routing and two session processes over one Redis. What they hold is spread,
given away when one stops, and taken over when one dies; the times printed are those that clients see."""

import ctypes
import os
import pathlib
import threading
import time

import pytest
from conftest import STUBS  # noqa: F401  the stubs are on the path
from meridian_client import AgentClient
from people import Agent, Customer
from running_region import Region, running_redis
from running_standalone import DEMO_TENANT
from waiting import eventually

SHARDS = 16
FIRST = "Hola, buenas tardes. Me han cobrado dos veces la misma factura y quisiera que me ayuden, por favor."


class Probe:
    """Calls again and again, each call until it is answered, and notes when and how long each took."""

    def __init__(self, call):
        self._call = call
        self._over = threading.Event()
        self.took = []  # (began, seconds)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._over.is_set():
            began = time.monotonic()
            self._call()
            self.took.append((began, time.monotonic() - began))

    def __enter__(self):
        self._thread.start()
        eventually(lambda: len(self.took) >= 3, 30, "the first answers")
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def wait_answered_after(self, moment, within=30):
        eventually(lambda: any(began > moment for began, _ in list(self.took)), within, "an answer")

    def median(self):
        return sorted(took for _, took in self.took)[len(self.took) // 2]

    def longest(self, since):
        return max(took for began, took in self.took if began + took > since)


class World:
    def __init__(self, region):
        self.region = region
        self.routing = [region.start("routing"), region.start("routing")]
        self.session = [region.start("session"), region.start("session")]
        self.ingress, self.gateway = region.start("ingress"), region.start("agent_gateway")
        self.admin = region.start("admin")
        self.wait_spread("routing", self.routing)
        self.wait_spread("session", self.session)
        region.ctl("apply", DEMO_TENANT, target=self.admin.grpc)
        self._visitors = 0

    def shards(self):
        """What `meridianctl shards list` says: name, process, state, wish, tenants of each."""
        return [line.split() for line in self.region.ctl("shards", "list", *self.region.STORE).splitlines()[1:]]

    def held(self, kind):
        """Which shards each process serves, by its address."""
        held = {}
        for name, process, state, _, _ in self.shards():
            if name.startswith(kind) and state == "serving":
                held.setdefault(process, []).append(name)
        return held

    def wait_spread(self, kind, processes):
        def is_spread():
            held = self.held(kind)
            counts = [len(held.get(process.grpc, ())) for process in processes]
            return sum(counts) == SHARDS and max(counts) - min(counts) <= 1

        eventually(is_spread, 30, lambda: f"all of {kind} spread: {self.held(kind)}")

    def shard(self, kind):
        """Of the demo tenant, which is the only one."""
        return next(name for name, _, _, _, tenants in self.shards() if name.startswith(kind) and tenants == "1")

    def owner(self, kind, processes):
        """The process that serves the demo tenant, and the others."""
        shard, held = self.shard(kind), self.held(kind)
        owner = next(p for p in processes if shard in held.get(p.grpc, ()))
        return owner, [p for p in processes if p is not owner]

    def enqueue(self):
        """A new customer's contact: acknowledged once session and routing have it durably."""
        self._visitors += 1
        Customer(self.ingress, f"visitor-{self._visitors}").submit(FIRST)


@pytest.fixture(name="world")
def running_world(tmp_path):
    with running_redis(tmp_path / "redis"):
        region = Region(tmp_path)
        try:
            yield World(region)
        finally:
            region.end()


class Conversation:
    def __init__(self, world, agent, client):
        self.agent, self.client = agent, client
        self.customer = Customer(world.ingress, "visitor-a")
        self.customer.submit(FIRST)
        client.accept(agent.wait_offer(self.customer.contact_id)).result(timeout=30)
        self.assignment = agent.wait_assignment(self.customer.contact_id)
        agent.wait_text(self.customer.conversation_id, FIRST)
        self.said = [FIRST]
        self._numbers = 0

    def goes_on(self):
        question, answer = f"¿Y {len(self.said)}?", f"Ya {len(self.said)}."
        self.customer.say(question)
        self.agent.wait_text(self.customer.conversation_id, question, 30)
        self._numbers += 1
        self.client.say(self.customer.conversation_id, answer, self._numbers).result(timeout=30)
        self.said += [question, answer]
        assert [text for _, _, _, text in self.customer.read_back()] == self.said

    def ends(self):
        self.client.complete(self.assignment).result(timeout=30)
        self.agent.wait_ended(self.customer.contact_id)


@pytest.mark.parametrize("kind", ["routing", "session"])
@pytest.mark.parametrize("how", ["stops", "is_killed"])
def test_a_conversation_goes_on_when_its_process(world, kind, how, capsys):
    processes = getattr(world, kind)
    name = world.region.ctl("demo", "agent", "--language", "es", "--name", target=world.admin.grpc)
    agent = Agent()
    with AgentClient(world.gateway.grpc, world.region.token("agent", name), name, agent) as client:
        agent.wait_attached()
        conversation = Conversation(world, agent, client)
        conversation.goes_on()
        owner, others = world.owner(kind, processes)
        probed = world.enqueue if kind == "routing" else lambda: conversation.customer.read_back()
        with Probe(probed) as probe:
            began = time.monotonic()
            owner.stop() if how == "stops" else owner.kill()
            world.wait_spread(kind, others)
            probe.wait_answered_after(time.monotonic())
        with capsys.disabled():
            print(f"\n{kind} {how}: the longest call took {probe.longest(began) * 1000:.0f} ms, "
                  f"half of {len(probe.took)} at most {probe.median() * 1000:.0f} ms")
        conversation.goes_on()
        conversation.ends()


class Frozen:
    """One thread of a process stands still, as in a call that does not return; the others go on."""

    SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
    ALL_THREADS = 0x40000000  # __WALL

    def __init__(self, pid, thread_name):
        tasks = pathlib.Path(f"/proc/{pid}/task")
        self.thread = next(int(task.name) for task in tasks.iterdir()
                           if (task / "comm").read_text().strip() == thread_name)

    def _ptrace(self, request):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        assert libc.ptrace(request, self.thread, None, None) != -1, os.strerror(ctypes.get_errno())

    def __enter__(self):
        self._ptrace(self.SEIZE)
        self._ptrace(self.INTERRUPT)
        os.waitpid(self.thread, self.ALL_THREADS)  # until it stands still
        return self

    def __exit__(self, *_):
        self._ptrace(self.DETACH)


def test_shards_whose_thread_hangs_are_taken_over_while_their_process_lives(world):
    owner, others = world.owner("routing", world.routing)
    world.enqueue()
    with Frozen(owner.pid, "routing-shards"):
        world.wait_spread("routing", others)
        world.enqueue()
    world.wait_spread("routing", world.routing)
    world.enqueue()


def test_shards_are_moved_by_the_operator_and_tenants_before_they_come(world):
    region, store = world.region, world.region.STORE
    name = region.ctl("demo", "agent", "--language", "es", "--name", target=world.admin.grpc)
    agent = Agent()
    with AgentClient(world.gateway.grpc, region.token("agent", name), name, agent) as client:
        agent.wait_attached()
        conversation = Conversation(world, agent, client)
        for kind in ("routing", "session"):
            processes, shard = getattr(world, kind), world.shard(kind)
            _, (other,) = world.owner(kind, processes)
            moved = region.ctl("shards", "move", shard, "--to", other.grpc, *store)
            assert moved == f"{shard} is served by {other.grpc}"
            conversation.goes_on()
            assert [shard, other.grpc, "serving", other.grpc, "1"] in world.shards()
            world.wait_spread(kind, processes)
            region.ctl("shards", "move", shard, "--to", "any", *store)
            assert [shard, other.grpc, "serving", "-", "1"] in world.shards(), "nothing moves without need"
            assert other.grpc in region.ctl("shards", "move", shard, "--to", "127.0.0.1:1", *store, fails=True)
        conversation.goes_on()
        conversation.ends()
    assert "TENANT_HAS_SHARDS" in region.ctl("shards", "move", "demo", "--routing", "0", *store, fails=True)
    assert region.ctl("shards", "move", "acme", "--routing", "3", "--session", "5", *store) == (
        "acme is on routing/3, session/5")
    assert [row[0] for row in world.shards() if row[4] != "0" and row[0] in ("routing/3", "session/5")]
