"""What a fault does to that which processes stand on: the cable between two networks, a disk, a clock. Needs root, but for
the clock. All of it ends with this process, except for the mount of a disk that was not closed."""

import os
import pathlib
import subprocess
import time

from redis_servers import Place
from waiting import until


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")


class Cable:
    """Joins this network namespace (`near`) and a second one (`far`), and can be cut: what is sent is then lost without a
    word, and no connection is told."""

    def __init__(self):
        self._holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", "unshare", "--net", "sleep", "infinity"])
        mine = os.readlink("/proc/self/ns/net")
        until(lambda: os.readlink(f"/proc/{self._holder.pid}/ns/net") != mine, "a network namespace")
        number = os.getpid() % (1 << 14)  # no two runs on one machine have the same addresses
        network = f"10.77.{number >> 6}.{4 * (number % 64)}".rsplit(".", 1)
        near, far = (f"{network[0]}.{int(network[1]) + n}" for n in (1, 2))
        self.near = Place(near)
        self.far = Place(far, ("nsenter", f"--net=/proc/{self._holder.pid}/ns/net", "--"))
        name = f"soak{os.getpid()}"
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "cable", "netns", self._holder.pid)
        run("ip", "address", "add", near, "peer", far, "dev", name)
        run("ip", "link", "set", name, "up")
        # The address is not the cable's, so that the far side goes on by itself.
        run(*self.far.before, "ip", "link", "set", "lo", "up")
        run(*self.far.before, "ip", "address", "add", far, "dev", "lo")
        self.mend()

    def cut(self):
        run(*self.far.before, "ip", "link", "set", "cable", "down")

    def mend(self):
        run(*self.far.before, "ip", "link", "set", "cable", "up")
        run(*self.far.before, "ip", "route", "add", self.near.host, "dev", "cable", "src", self.far.host)

    def close(self):
        self._holder.kill()
        self._holder.wait()


class SmallDisk:
    """Mounted at a folder; can be filled to the brim."""

    BYTES = 1 << 28

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        run("mount", "-t", "tmpfs", "-o", f"size={self.BYTES}", "soak", self.folder)
        self._file = self.folder / "full"

    def fill(self):
        with open(self._file, "wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass  # no room for a piece of this size

    def free(self):
        self._file.unlink()

    def close(self):
        run("umount", "--lazy", self.folder)


class SteppedClock:
    """A wall clock for processes that are started with `before`; the clocks that cannot step stay true."""

    # Before libfaketime the allocators of C and C++, as jemalloc asks for the time before libfaketime can say it.
    LIBRARIES = ":".join(f"/usr/lib/x86_64-linux-gnu/{name}" for name in (
        "libc_malloc_debug.so.0", "libstdc++.so.6", "faketime/libfaketimeMT.so.1"))
    SHARED = pathlib.Path("/dev/shm")

    def __init__(self, file, ahead_s=0):
        self._file = pathlib.Path(file)
        self.step_to(ahead_s)
        self.before = self.words_before(self._file)

    @classmethod
    def words_before(cls, file):
        """A process that is started with them has the clock of that file."""
        return ("env", f"LD_PRELOAD={cls.LIBRARIES}", f"FAKETIME_TIMESTAMP_FILE={file}", "NO_FAKE_STAT=1",
                "FAKETIME_CACHE_DURATION=1", "FAKETIME_DONT_FAKE_MONOTONIC=1")

    @classmethod
    def sweep(cls):
        """Removes what libfaketime leaves behind of processes that were killed."""
        for left in cls.SHARED.glob("*faketime_*"):
            if not pathlib.Path("/proc", left.name.rpartition("_")[2]).exists():
                left.unlink(missing_ok=True)

    def step_to(self, ahead_s):
        """So much beside the truth, within a second."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead_s:+.3f}\n")
        new.rename(self._file)
        self._ahead_s = ahead_s

    def slew(self, length_s, rate):
        """Faster than the truth by that part of it, or slower, in a small step each second; returns how far ahead it is."""
        for _ in range(length_s):
            time.sleep(1)  # lint: allow sleep: what a clock does is a matter of time alone
            self.step_to(self._ahead_s + rate)
        return self._ahead_s
