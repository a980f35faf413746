"""The runs of `surge` beside this: what is started, what is asked of it, and what was seen."""

import argparse
import json
import pathlib
import subprocess

from standalone import Standalone, tenant_yaml
from surge_watch import Watch

ROOT = pathlib.Path(__file__).resolve().parents[3]
QUIET_RATE = 5
QUIET_AGENTS = 64
SETTLING_S = 1  # of a surge, before the quiet tenant's contacts are counted


def parse_arguments(description, words=None):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--parts", default="one,two")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--outstanding", type=int, default=256, help="in the closed loop")
    parser.add_argument("--times", type=float, default=3, help="as many as are sustained")
    parser.add_argument("--seconds", type=int, default=10, help="of the surge")
    parser.add_argument("--closed-seconds", type=int, default=4, help="of measuring what is sustained")
    parser.add_argument("--calm-seconds", type=int, default=4, help="before and after it")
    parser.add_argument("--timeout", default="30s", help="for which a customer waits to be acknowledged")
    parser.add_argument("--memory-mb", type=int, default=1024, help="that the surge may add")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(words)


def verified(build, data, journal):
    """(passed, words) of the outside checker."""
    talks = {json.loads(line)["conversation_id"] for line in journal.read_text().splitlines() if '"message"' in line}
    named = journal.with_name("talks")
    named.write_text("".join(f"{talk}\n" for talk in sorted(talks)))
    command = [pathlib.Path(build) / "services/meridianctl/meridianctl", "--data", data, "--tenant", "load", "events", "verify",
               "--journal", journal, "--conversations", named, "--expect-ended"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def sustained(load, server, arguments):
    """Life cycles a second in a closed loop."""
    closed = load.run("cycles", server, agents=arguments.agents, outstanding=arguments.outstanding, no_events=True, warm_up="1s",
                      duration=f"{arguments.closed_seconds}s", seed=arguments.seed)
    return closed["completed_per_s"]


def surged(load, server, arguments, folder, watch, on_part=lambda part: None):
    """What the load client saw; `watch` and `on_part` are told of each part."""
    per_s = sustained(load, server, arguments)
    journal = folder / "journal.jsonl"
    client = load.start("surge", server, agents=arguments.agents, rate=round(arguments.times * per_s),
                        calm_rate=max(1, round(per_s / 8)), duration=f"{arguments.seconds}s", calm=f"{arguments.calm_seconds}s",
                        timeout=arguments.timeout, journal=journal, seed=arguments.seed)
    last, watching = "", None
    try:
        for line in client.stdout:
            last = line.strip()
            if last == "calm":
                watching = watch()
            if last in ("calm", "surge", "after", "done"):
                watching.part(last)
                on_part(last)
        if client.wait(300) not in (0, 3) or not last.startswith("{"):
            raise RuntimeError(f"{client.args}\nended with {client.returncode}:\n{last}")
    finally:
        client.kill()
        seen = watching.stop() if watching else {}
    passed, words = verified(arguments.build, server.data, journal)
    return {"sustained_per_s": per_s, "client": json.loads(last), "watch": seen, "verified": passed, "verdict": words}


def started(arguments, folder):
    server = Standalone(arguments.build, folder, arguments.agents)
    server.start()
    return server, lambda: Watch(lambda: server.memory()["resident"], [server.addresses()["http"].rstrip("/")],
                                 [server.addresses()["grpc"]])


def one(load, arguments, folder):
    server, watch = started(arguments, folder)
    try:
        return surged(load, server, arguments, folder, watch)
    finally:
        server.stop()


def two(load, arguments, folder):
    server, watch = started(arguments, folder)
    try:
        file = folder / "quiet.yaml"
        file.write_text(tenant_yaml(QUIET_AGENTS, tenant="quiet"))
        ctl = pathlib.Path(arguments.build) / "services/meridianctl/meridianctl"
        subprocess.run([ctl, "--data", server.data, "--tenant", "quiet", "apply", file], check=True, capture_output=True)
        asked = {"tenant": "quiet", "agents": QUIET_AGENTS, "streams": 1, "rate": QUIET_RATE, "seed": arguments.seed,
                 "timeout": arguments.timeout}
        quiet = {"alone": load.run("cycles", server, warm_up="1s", duration=f"{arguments.calm_seconds * 2}s", **asked)}
        beside = []

        def on_part(part):  # attached before the surge, measured while it lasts
            if part == "calm":
                beside.append(load.start("cycles", server, warm_up=f"{arguments.calm_seconds + SETTLING_S}s",
                                         duration=f"{max(1, arguments.seconds - SETTLING_S - 1)}s", **asked))

        run = surged(load, server, arguments, folder, watch, on_part)
        quiet["beside the surge"] = json.loads(beside[0].communicate(timeout=120)[0])
        return {**run, "quiet": quiet}
    finally:
        server.stop()


def region(load, arguments, folder):
    from region_under_load import Region
    system = Region(arguments.build, folder, arguments.agents)
    try:
        system.start()
        addresses = json.loads((system.data / "addresses.json").read_text())
        targets = [address for name, address in addresses.items() if name.split("-")[0] in ("ingress", "agent_gateway")]
        run = surged(load, system, arguments, folder, lambda: Watch(lambda: sum(system.resident().values()), [], targets))
        system.check_whole()
        return run
    finally:
        system.stop()


PARTS = {"one": one, "two": two, "region": region}


def milliseconds(histogram):
    return "–" if not histogram["count"] else "/".join(f"{histogram[q] / 1e3:,.0f}" for q in ("p50_us", "p99_us", "max_us"))


def lines(run):
    """For people."""
    client, watch = run["client"], run["watch"]
    text = [f"sustained {run['sustained_per_s']:,.0f}/s; {client['acknowledged']:,} contacts and {client['messages']:,} messages "
            f"acknowledged; milliseconds are p50/p99/longest", "",
            "| | before | surge | after |", "|---|---:|---:|---:|"]

    def row(title, value):
        text.append(f"| {title} | " + " | ".join(value(part) for part in ("calm", "surge", "after")) + " |")

    row("asked for, per s", lambda part: f"{client[part]['rate']:,}")
    row("arrived", lambda part: f"{client[part]['arrived']:,}")
    row("acknowledged", lambda part: f"{client[part]['acknowledged']['count']:,}")
    row("refused", lambda part: f"{client[part]['refused']['count']:,}")
    row("served per s meanwhile", lambda part: f"{client[part]['completed_per_s']:,.0f}")
    for title, name in (("sent after, ms", "sent"), ("acknowledged after, ms", "acknowledged"), ("refused after, ms", "refused"), ("served after, ms", "ended"),
                        ("accept, ms", "accepts"), ("complete, ms", "completes"), ("customer's message, ms", "messages")):
        row(title, lambda part, name=name: milliseconds(client[part][name]))
    row("until all is served, s", lambda part: f"{client[part]['seconds_to_drain']:.1f}")
    row("resident, MB, most", lambda part: str(watch[part]["most_mb"]))
    row("health: looks, failed", lambda part: f"{watch[part]['looks']}, {watch[part]['unhealthy']}")
    row("health: slowest, ms", lambda part: f"{watch[part]['slowest_s'] * 1e3:.0f}")
    for name, quiet in run.get("quiet", {}).items():
        text.append(f"quiet tenant, {name}: {quiet['arrived']} arrived, acknowledged after {milliseconds(quiet['acknowledged'])} ms, "
                    f"served after {milliseconds(quiet['ended'])} ms, mishaps {quiet['mishaps']}")
    for part in ("calm", "surge", "after"):
        text.append(f"{part}: {client[part]['mishaps']}")
    return text + ["checker: " + " ".join(run["verdict"].split())[:400]]
