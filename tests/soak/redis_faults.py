"""Faults of Redis servers: they die, stand still, lose what they had, or have no room."""

from waiting import lasting, until


def in_step(server):
    return "master_link_status:up" in server.ask("INFO", "replication")


def all_in_step(system):
    """One primary, and every other server follows it and has what it has."""
    primary = system.primary()
    return primary is not None and all(in_step(server) for server in system.servers() if server is not primary)


def the_next(system):
    """The one replica that the sentinels may promote, as they know: all others have priority 0, so that it is the one
    whose acknowledgement counts or, where a fault says so, the one that lags."""
    others = [server for server in system.servers() if server is not system.primary()]
    for server in others:
        server.ask("CONFIG", "SET", "replica-priority", "100" if server is others[0] else "0")
    wanted = {str(server.port): "100" if server is others[0] else "0" for server in others}
    for sentinel in system.redis.sentinels:
        # They read priorities every ten seconds, unless a fail-over is on.
        until(lambda sentinel=sentinel: priorities(sentinel) == wanted, "the sentinels to know who is next")
    return others[0]


def priorities(sentinel):
    found = {}
    port = None
    lines = sentinel.ask("SENTINEL", "REPLICAS", "meridian").splitlines()
    for name, value in zip(lines, lines[1:]):
        if name == "port":
            port = value
        if name == "slave-priority":
            found[port] = value
    return found


def redis_primary_killed(system, dice):
    primary, successor = system.primary(), the_next(system)
    primary.kill()
    until(lambda: successor.ask("ROLE").startswith("master"), "the replica to be promoted")
    lasting(dice, 0, 1)
    primary.start()
    until(lambda: all_in_step(system), "all to follow the new primary")


def redis_primary_frozen(system, dice):
    primary, _ = system.primary(), the_next(system)
    primary.freeze()
    lasting(dice, 0.2, 8)
    primary.go_on()
    until(lambda: all_in_step(system), "one primary, and all in step")


def redis_tail_lost(system, dice):
    """The replica that is promoted lacks what the others acknowledged."""
    primary, successor = system.primary(), the_next(system)
    successor.freeze()
    primary.ask("CLIENT", "KILL", "TYPE", "replica")  # the others come back at once, the frozen one cannot
    lasting(dice, 0.3, 1.5)
    primary.kill()
    successor.go_on()
    until(lambda: successor.ask("ROLE").startswith("master"), "the replica without the tail to be promoted")
    primary.start()
    until(lambda: all_in_step(system), "all to follow the new primary")


def machine_lost_behind_lagging_replicas(system, dice):
    """The primary and the platform die together while no replica has the last moments: nothing of them was acknowledged."""
    primary, successor = system.primary(), the_next(system)
    replicas = [server for server in system.servers() if server is not primary]
    for replica in replicas:
        replica.freeze()
    primary.ask("CLIENT", "KILL", "TYPE", "replica")
    lasting(dice, 0.2, 0.8)
    system.platform.kill()
    primary.kill()
    for replica in replicas:
        replica.go_on()
    until(lambda: successor.ask("ROLE").startswith("master"), "a replica to be promoted")
    primary.start()
    system.start_platform()
    until(lambda: all_in_step(system), "all to follow the new primary")


def redis_restart_loses_a_second(system, dice):
    """The primary dies with its machine and is back at once, without what its append-only file had not on the disk."""
    primary = system.primary()
    files = list((primary.folder / "appendonlydir").glob("*.incr.aof"))
    before = {file: file.stat().st_size for file in files}
    lasting(dice, 0.2, 1)
    primary.kill()
    for file, size in before.items():
        with open(file, "r+b") as opened:
            opened.truncate(size)
    primary.start()
    until(lambda: all_in_step(system), "the replicas to follow what is left")


def redis_out_of_memory(system, dice):
    primary = system.primary()
    used = int(dict(line.split(":", 1) for line in primary.ask("INFO", "memory").splitlines() if ":" in line)["used_memory"])
    primary.ask("CONFIG", "SET", "maxmemory", str(used))
    lasting(dice, 0.5, 4)
    primary.ask("CONFIG", "SET", "maxmemory", "0")


def redis_disk_full(system, dice):
    """No room for the append-only file: with `everysec` every write is refused until there is, with `always` the server
    ends, and is started again when there is."""
    primary = system.primary()
    always = "always" in primary.ask("CONFIG", "GET", "appendfsync")
    system.disk.fill()
    until(lambda: primary.has_ended() if always else "aof_last_write_status:err" in primary.ask("INFO", "persistence"),
          "the server to notice that its disk is full")
    lasting(dice, 0.2, 5)
    system.disk.free()
    if always:
        primary.start()
    until(lambda: "aof_last_write_status:ok" in primary.ask("INFO", "persistence"), "it to write again")
    until(lambda: all_in_step(system), "the replica to be in step")
