"""What must hold of a surge (see `surge` beside this), judged by what the load client, the watch and the checker saw."""

ALLOWED = "refused: MAILBOX_FULL"  # of new contacts
PARTS = ("calm", "surge", "after")


def verdict(run, memory_mb):
    """Violations, as sentences. `run`: see surge_runs.py."""
    client = run["client"]
    found = [f"{part}: {count} times {what}" for part in PARTS for what, count in client[part]["mishaps"].items()
             if part != "surge" or not what.startswith(ALLOWED)]
    found += [f"{part}: not all that was acknowledged had been served when time was up" for part in PARTS
              if not client[part]["drained"]]
    if client["left_over"]:
        found.append(f"{client['left_over']} contacts never ended")
    if not any(what.startswith(ALLOWED) for what in client["surge"]["mishaps"]):
        found.append("nothing was refused: that was no surge")
    found += [f"no {what} while the surge lasted" for what in ("accepts", "completes", "messages")
              if client["surge"][what]["count"] == 0]
    found += [f"{seen['unhealthy']} of {seen['looks']} looks at health failed, {part}: {seen['said']}"
              for part, seen in run["watch"].items() if seen["unhealthy"]]
    added = run["watch"]["surge"]["most_mb"] - run["watch"]["calm"]["most_mb"]
    if added > memory_mb:
        found.append(f"the surge added {added} MB")
    if not run["verified"]:
        found.append("the checker found:\n" + run["verdict"])
    for name, quiet in run.get("quiet", {}).items():
        found += [f"the quiet tenant, {name}: {count} times {what}" for what, count in quiet["mishaps"].items()]
        if quiet["left_over"]:
            found.append(f"the quiet tenant, {name}: {quiet['left_over']} contacts never ended")
    return found
