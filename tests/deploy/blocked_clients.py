"""A PATH on which every package client says that it was called, and fails."""

import os

CLIENTS = ("apt", "apt-get", "aptitude", "dpkg", "pip", "pip3", "npm", "mvn", "go", "cargo", "curl", "wget", "debootstrap")


class BlockedClients:
    """Put `environment` into a process; afterwards `calls()` names the clients that it tried to run."""

    def __init__(self, folder):
        self._journal = folder / "calls"
        programs = folder / "blocked"
        programs.mkdir()
        for name in CLIENTS:
            program = programs / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self._journal}"\nexit 97\n')
            program.chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}

    def calls(self):
        return self._journal.read_text().splitlines() if self._journal.exists() else []
