"""What a fault befalls: the platform with the servers that it stands on, each part a process of its own."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests/benchmark/platform"), str(ROOT / "deploy/dev")]
from redis_servers import MASTER_NAME, RedisServers  # noqa: E402
from standalone import Standalone  # noqa: E402

AGENTS = 64


class OnRedis:
    """`standalone` over a Redis primary with its replicas, and sentinels or not."""

    def __init__(self, build, folder, replicas=2, sentinels=3, durability="replicated"):
        self.redis = RedisServers(pathlib.Path(folder) / "redis", replicas=replicas, sentinels=sentinels)
        options = ["--redis-durability", durability]
        if sentinels:
            for sentinel in self.redis.sentinels:
                options += ["--redis", sentinel.address]
            options += ["--redis-sentinel-master", MASTER_NAME]
        else:
            options += ["--redis", self.redis.primary.address]
        self.platform = Standalone(build, folder, AGENTS, options=options)

    def start(self):
        self.redis.start()
        self.platform.start()

    def stop(self):
        try:
            self.platform.stop()
        finally:
            for server in (*self.redis.sentinels, *self.redis.replicas, self.redis.primary):
                server.kill()

    def check(self):
        """Raises when a part ended that no fault ended."""
        if self.platform.process.poll() is not None:
            raise RuntimeError(f"standalone ended with {self.platform.process.returncode}:\n{self.platform.last_words()}")

    # ---- parts ----

    def servers(self):
        return [self.redis.primary, *self.redis.replicas]

    def primary(self):
        """The server that is the primary now, as it says itself and the sentinels agree."""
        found = [server for server in self.servers() if server.ask("ROLE").startswith("master")]
        return found[0] if len(found) == 1 else None
