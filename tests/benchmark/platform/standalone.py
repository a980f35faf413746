"""Starts and stops one `standalone` on free ports for measuring, and reads what the kernel knows of it."""

import json
import os
import pathlib
import signal
import subprocess
import time

QUEUES = 8
LANGUAGES = ("en", "es", "fr", "de")


def tenant_yaml(agents, capacity=3, tenant="load"):
    """A tenant whose agents, all on shift, are spread evenly over 8 queues and 4 languages.

    A contact says its queue by the attribute `line`; a queue asks for its own skill and the contact's language.
    """
    lines = [f"line-{i}" for i in range(QUEUES)]
    text = [f"tenant: {tenant}", f"skills: [{', '.join(lines)}]", "attributes:",
            f"  - {{name: line, one_of: {{values: [{', '.join(lines)}]}}}}",
            "quotas: {new_contacts: {per_second: 100000}, messages: {per_second: 100000}, waiting_contacts: 1000000}",
            "channels:", "  - {name: chat, units: 1}", "queues:"]
    text += [f"  - {{name: {line}, offer_timeout: 20s, max_waiting: 100000}}" for line in lines]
    text += ["plans:", "  - name: main", "    rules:"]
    for line in lines:
        text += [f"      - name: {line}", f"        when: {{attribute: {{name: line, in: [{line}]}}}}",
                 f"        queue: {line}", "        steps:",
                 f"          - {{skills: [{{skill: {line}, min_level: 1}}], language: contact}}"]
    text.append("agents:")
    for i in range(agents):
        language = LANGUAGES[i // QUEUES % len(LANGUAGES)]
        text.append(f"  - {{name: agent-{i:05d}, languages: {{{language}: native}}, skills: {{line-{i % QUEUES}: 5}}, "
                    f"time_zone: Etc/UTC, capacity: {capacity}, channels: {{chat: {capacity}}}}}")
    return "\n".join(text) + "\n"


def now_ns():
    """The clock that the load client uses for its instants."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Standalone:
    """One process with its data folder; start it again on the same folder after `kill`."""

    PROGRAM = "services/standalone/standalone"

    def __init__(self, build, folder, agents, capacity=3, program=PROGRAM, options=(), before=()):
        """`before`: words before the command, such as `env` and what it sets."""
        self.binary = pathlib.Path(build) / program
        self.pages = pathlib.Path(build) / "services/standalone/pages"
        self.data = pathlib.Path(folder) / "data"
        self.config = pathlib.Path(folder) / "tenant.yaml"
        self.config.write_text(tenant_yaml(agents, capacity))
        self.log_path = pathlib.Path(folder) / "server.log"
        self.options = options
        self.before = before
        self.process = None
        self.started_ns = 0

    def service_token(self):
        ctl = self.binary.parents[1] / "meridianctl/meridianctl"
        return subprocess.run([ctl, "--data", self.data, "--tenant", "load", "token", "create", "--role", "service",
                               "--subject", "benchmark"], capture_output=True, text=True, check=True).stdout.strip()

    def start(self, ready_within_s=120):
        """Returns the seconds from exec until addresses.json was there."""
        if (self.data / "addresses.json").exists():
            (self.data / "addresses.json").unlink()  # of a killed process: nobody shall take it for the new one's
        with open(self.log_path, "ab") as log:
            self.started_ns = now_ns()
            self.process = subprocess.Popen(
                [*self.before, self.binary, "--port", "0", "--data", self.data, "--config", self.config,
                 "--pages", self.pages, *self.options], stdout=log, stderr=log)
        self.await_(lambda: (self.data / "addresses.json").exists(), ready_within_s, "ready")
        return (now_ns() - self.started_ns) / 1e9

    def await_(self, condition, limit_s, what):
        end = time.monotonic() + limit_s
        while not condition():
            if self.process.poll() is not None:
                raise RuntimeError(f"standalone ended with {self.process.returncode} before it was {what}:\n" + self.last_words())
            if time.monotonic() > end:
                raise RuntimeError(f"standalone was not {what} within {limit_s} s:\n" + self.last_words())
            time.sleep(0.002)  # lint: allow sleep: another process can only be polled

    def last_words(self):
        return self.log_path.read_text(errors="replace")[-3000:]

    def addresses(self):
        return json.loads((self.data / "addresses.json").read_text())

    def kill(self):
        """SIGKILL, at once."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        if code != 0:
            raise RuntimeError(f"standalone ended with {code} after SIGTERM:\n" + self.last_words())

    def memory(self):
        """Bytes: resident, and of those private and not of a file."""
        fields = {}
        for line in (pathlib.Path("/proc") / str(self.process.pid) / "smaps_rollup").read_text().splitlines()[1:]:
            name, value = line.split(":")
            fields[name] = int(value.split()[0]) * 1024
        return {"resident": fields["Rss"], "anonymous": fields["Anonymous"]}

    def data_bytes(self):
        return sum(f.stat().st_size for f in self.data.rglob("*") if f.is_file())


class Load:
    """Runs the load client in one of its modes and returns the JSON that it prints."""

    def __init__(self, build):
        self.binary = pathlib.Path(build) / "tests/benchmark/platform/platform_load"

    def arguments(self, mode, server=None, **options):
        command = [str(self.binary), "--mode", mode]
        if server is not None:
            command += ["--data", str(server.data)]
            if server.process is not None and server.process.poll() is None:
                command += ["--server-pid", str(server.process.pid)]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
        return command

    def run(self, mode, server=None, **options):
        command = self.arguments(mode, server, **options)
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def start(self, mode, server=None, **options):
        return subprocess.Popen(self.arguments(mode, server, **options), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True)

    def measured(self, server, read, **options):
        """Life cycles: what the client prints, and what `read` returned when measuring began and when it ended."""
        client = self.start("cycles", server, say_when=True, **options)
        readings, last = {}, ""
        for line in client.stdout:
            if line.strip() in ("begun", "ended"):
                readings[line.strip()] = read()
            else:
                last = line
        if client.wait(60) != 0 or len(readings) != 2:
            raise RuntimeError(f"{client.args}\nended with {client.returncode}:\n{last}")
        return json.loads(last), readings["begun"], readings["ended"]


class EchoServer:
    """The throw-away gRPC server beside which the platform is measured."""

    def __init__(self, load):
        self.process = load.start("echo-server")
        self.target = self.process.stdout.readline().strip()

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)


def machine():
    """What the figures were made on."""
    cpu = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), "unknown")
    memory_kb = int(pathlib.Path("/proc/meminfo").read_text().split()[1])
    release = next((line.split("=", 1)[1].strip('"') for line in pathlib.Path("/etc/os-release").read_text().splitlines()
                    if line.startswith("PRETTY_NAME")), "unknown")
    return {"cpu": cpu, "cores": os.cpu_count(), "memory_gb": round(memory_kb / 2**20, 1), "system": release,
            "kernel": os.uname().release}


def commit(root):
    """The commit, with `+` when the tree differs from it in what is built."""
    git = ["git", "-C", str(root)]
    name = subprocess.run(git + ["rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run(git + ["status", "--porcelain", "--", "libs", "services", "proto", "CMakeLists.txt"],
                             capture_output=True, text=True).stdout.strip()
    return (name or "unknown") + ("+" if changed else "")
