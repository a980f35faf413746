"""Looks at a server from outside while it is loaded: its memory, and whether it answers for its health."""

import threading
import time
import urllib.request

import grpc

INTERVAL_S = 0.25
PATIENCE_S = 10  # of one look
SERVING = b"\x08\x01"  # grpc.health.v1.HealthCheckResponse


class Watch:
    """A thread. `resident()`: bytes; `http`: base addresses; `targets`: gRPC addresses."""

    def __init__(self, resident, http, targets):
        self._resident = resident
        self._http = http
        self._channels = [grpc.insecure_channel(target) for target in targets]
        self._part = "calm"
        self._seen = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def part(self, name):
        """What is seen from now on is of this part."""
        self._part = name

    def stop(self):
        """What was seen, by part."""
        self._stop.set()
        self._thread.join()
        for channel in self._channels:
            channel.close()
        return self._seen

    def _run(self):
        while not self._stop.wait(INTERVAL_S):
            part, megabytes = self._part, self._resident() >> 20
            seen = self._seen.setdefault(part, {"looks": 0, "unhealthy": 0, "slowest_s": 0, "said": "", "least_mb": megabytes,
                                                "most_mb": megabytes, "last_mb": megabytes})
            seen["least_mb"] = min(seen["least_mb"], megabytes)
            seen["most_mb"] = max(seen["most_mb"], megabytes)
            seen["last_mb"] = megabytes
            for look in [*(lambda a=a, p=p: self._get(a + p) for a in self._http for p in ("/healthz", "/readyz")),
                         *(lambda c=c: self._check(c) for c in self._channels)]:
                self._look(look, seen)

    @staticmethod
    def _look(look, seen):
        began = time.monotonic()
        try:
            said = look()
        except Exception as error:  # of any kind: it did not answer well
            said = str(error) or type(error).__name__
        seen["looks"] += 1
        seen["slowest_s"] = max(seen["slowest_s"], time.monotonic() - began)
        if said:
            seen["unhealthy"] += 1
            seen["said"] = said

    @staticmethod
    def _get(url):
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return "" if answer.status == 200 else f"{url}: {answer.status}"

    @staticmethod
    def _check(channel):
        said = channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=PATIENCE_S)
        return "" if said == SERVING else f"health says {said}"
