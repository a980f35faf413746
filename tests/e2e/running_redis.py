"""Real Redis servers for an end-to-end test, those of deploy/dev."""

import sys

from running_standalone import ROOT

sys.path.insert(0, str(ROOT / "deploy/dev"))

from redis_servers import MASTER_NAME, RedisServers  # noqa: E402, F401


def options_for(redis):
    """Of the platform: through the sentinels where there are any."""
    if not redis.sentinels:
        return ["--redis", redis.primary.address]
    servers = [option for sentinel in redis.sentinels for option in ("--redis", sentinel.address)]
    return [*servers, "--redis-sentinel-master", MASTER_NAME]
