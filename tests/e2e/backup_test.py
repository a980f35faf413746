"""docs/operations/backup.md: back-ups of a platform at work, restored into one that has lost its store."""

import shutil
import subprocess

from people import Agent, Customer
from running_kafka import attach
from running_redis import RedisServers
from running_standalone import Standalone
from waiting import eventually

FIRST = "Hola, necesito ayuda con mi factura."


def goes_on(platform, customer):
    """The contact of the back-up is served to its end, and the conversation has what it had."""
    assert customer.contact_id in platform.ctl("contacts")
    name, agent = platform.on_shift("es"), Agent()
    with attach(platform, name, agent) as client:
        client.accept(agent.wait_offer(customer.contact_id)).result(timeout=30)
        assignment = agent.wait_assignment(customer.contact_id)
        agent.wait_text(customer.conversation_id, FIRST)
        customer.say("¿Sigue ahí?")
        client.complete(assignment).result(timeout=30)
        agent.wait_ended(customer.contact_id)
    assert [text for *_, text in customer.read_back()] == [FIRST, "¿Sigue ahí?"]


def test_sqlite_is_copied_while_it_serves_and_restored(tmp_path):
    platform = Standalone(tmp_path).start()
    try:
        before, after = Customer(platform, "visitor-1"), Customer(platform, "visitor-2")
        before.submit(FIRST)
        copy = tmp_path / "backup.db"
        subprocess.run(["sqlite3", platform.data / "meridian.db", f".backup '{copy}'"], check=True, timeout=60)
        after.submit(FIRST)
        platform.kill()
        for file in platform.data.glob("meridian.db*"):
            file.unlink()
        shutil.copy(copy, platform.data / "meridian.db")
        platform.start()
        assert after.contact_id not in platform.ctl("contacts"), "it came after the back-up"
        goes_on(platform, before)
        platform.stop()
    finally:
        platform.kill()


def test_redis_is_copied_from_its_replica_and_restored(tmp_path):
    with RedisServers(tmp_path / "redis", replicas=1) as redis:
        primary, replica = redis.primary, redis.replicas[0]
        platform = Standalone(tmp_path, options=["--redis", primary.address]).start()
        try:
            before = Customer(platform, "visitor-1")
            before.submit(FIRST)
            saved = replica.ask("LASTSAVE")
            eventually(lambda: replica.ask("LASTSAVE") != saved or replica.ask("BGSAVE") and False, 30, "another second")
            eventually(lambda: "rdb_bgsave_in_progress:0" in replica.ask("INFO", "persistence"), 30, "the copy")
            copy = shutil.copy(replica.folder / "dump.rdb", tmp_path / "backup.rdb")
            platform.kill()
            replica.stop()
            primary.stop()
            shutil.rmtree(primary.folder / "appendonlydir")
            settings = primary.folder / "redis.conf"
            settings.write_text(settings.read_text().replace("appendonly yes", "appendonly no"))
            shutil.copy(copy, primary.folder / "dump.rdb")
            primary.start()
            primary.ask("CONFIG", "SET", "appendonly", "yes")
            eventually(lambda: "aof_rewrite_in_progress:0" in primary.ask("INFO", "persistence")
                       and "aof_rewrite_scheduled:0" in primary.ask("INFO", "persistence"), 30, "the file written anew")
            primary.stop()
            settings.write_text(settings.read_text().replace("appendonly no", "appendonly yes"))
            primary.start()
            replica.start()
            platform.start()
            goes_on(platform, before)
            platform.stop()
        finally:
            platform.kill()
