"""The options of deploy/dev/region: what there is, and what is refused before anything is started or left behind. Who is
refused hears the option and the rule, and the exit code is 2."""

import argparse
import fcntl
import os
import pathlib
import re
import socket
import sys

from redis_servers import Secrets
from region_parts import INSTANCES, PORTS, ports_of, program_of

NAME = re.compile(r"[a-z][a-z0-9_-]*")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[?[0-9a-fA-F]*:[0-9a-fA-F:.]*\]?")
LOWEST_PORT, HIGHEST_PORT = 1024, 65535 - (PORTS - 1)
DEFAULTS = {"port": 8400, "brokers": 1, "secure_stores": False}
OF_A_START = ("port", "brokers", "programs", "advertise", "secure_stores")
ACTS = ("status", "kill", "down", "up", "replace", "stop")


def refuse(text, code=1):
    print(f"deploy/dev/region: {text}", file=sys.stderr)
    sys.exit(code)


def refuse_option(name, rule):
    refuse(f"--{name.replace('_', '-')} {rule}", code=2)


def parse(description, root):
    """The options, each by itself and all together as they may be."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--data", type=pathlib.Path, default=root / ".data/region", help="default .data/region")
    parser.add_argument("--port", type=int, help=f"of the status page, default 8400; the parts' ports are the {PORTS - 1} above it")
    parser.add_argument("--brokers", type=int, help="of Kafka, 1 to 3, default 1; a folder keeps its number")
    parser.add_argument("--programs", type=pathlib.Path,
                        help="a build folder whose programs are used as they are; by default build/release, which is built "
                             "first, but not by --replace")
    parser.add_argument("--advertise", metavar="HOST",
                        help="where routing and session are reached by the others, instead of 127.0.0.1: through a proxy, say")
    parser.add_argument("--secure-stores", action="store_true", default=None,
                        help="Redis with TLS and users, Kafka with TLS, each demanding certificates; a folder stays what it began as")
    parser.add_argument("--status", action="store_true", default=None, help="print what every part is doing")
    parser.add_argument("--kill", metavar="NAME", help="kill -9 of the part NAME")
    parser.add_argument("--down", metavar="NAME", help="kill -9 of the part NAME, which stays away until --up")
    parser.add_argument("--up", metavar="NAME", help="the part NAME is started again")
    parser.add_argument("--replace", metavar="NAME", help="SIGTERM to the part NAME, which is started again of --programs; "
                        "returns when it is ready")
    parser.add_argument("--stop", action="store_true", default=None, help="end the region in good order")
    options = parser.parse_args()
    check_together(options)
    check_each(options)
    for name, value in DEFAULTS.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def check_together(options):
    acts = [name for name in ACTS if getattr(options, name) is not None]
    if len(acts) > 1:
        refuse_option(acts[1], f"does not go together with --{acts[0]}: one at a time")
    for name in OF_A_START if acts else ():
        if getattr(options, name) is not None and (acts, name) != (["replace"], "programs"):
            refuse_option(name, f"is for starting a region, and does not go together with --{acts[0]}")


def check_each(options):
    for name in ("kill", "down", "up", "replace"):
        value = getattr(options, name)
        if value is not None and not NAME.fullmatch(value):
            refuse_option(name, f"must name a part, such as routing-1, not '{value}': --status shows them")
    if options.port is not None and not LOWEST_PORT <= options.port <= HIGHEST_PORT:
        refuse_option("port", f"must be {LOWEST_PORT} to {HIGHEST_PORT}, since the parts' ports are the {PORTS - 1} above it, "
                              f"not {options.port}")
    if options.brokers is not None and not 1 <= options.brokers <= 3:
        refuse_option("brokers", f"must be 1 to 3, not {options.brokers}")
    if options.advertise is not None and not HOST.fullmatch(options.advertise):
        refuse_option("advertise", f"must be a host, such as 127.0.0.1, without a port, not '{options.advertise}'")
    if options.programs is not None and not options.programs.is_dir():
        refuse_option("programs", f"must be a build folder: there is no folder {options.programs}")
    for folder in (options.data, *options.data.absolute().parents):
        if folder.exists():
            if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
                refuse_option("data", f"must be a folder that can be written: {folder} is none")
            break


def check_start(options):
    """What a start needs beside, of the programs, the folder and the machine."""
    for kind in (*INSTANCES, "meridianctl") if options.programs else ():
        if not os.access(program_of(options.programs, kind), os.X_OK):
            refuse_option("programs", f"must be a build folder with all programs: there is no "
                                      f"{program_of(options.programs, kind)}")
    if is_held(options.data):
        refuse_option("data", f"must be a folder in which no region runs: one runs in {options.data} already "
                              f"(deploy/dev/region --data {options.data} --status)")
    check_folder(options)
    for name, ports in ports_of(options.port, options.data, options.brokers).items():
        for port in ports:
            if is_in_use(port):
                refuse_option("port", f"{options.port} needs 127.0.0.1:{port} ({name}), which is in use: choose another")


def check_folder(options):
    """A folder that a region has been in stays what it was."""
    brokers = len([folder for folder in options.data.glob("kafka/broker*") if folder.is_dir()])
    if brokers not in (0, options.brokers):
        refuse_option("brokers", f"must be {brokers} in {options.data}, as the region there has {brokers} brokers; "
                                 f"or choose another --data")
    was_secure = (options.data / "redis" / f"{Secrets.OPERATOR}.password").exists()
    if (options.data / "redis/primary").exists() and was_secure != options.secure_stores:
        refuse_option("secure_stores", f"must {'' if was_secure else 'not '}be given in {options.data}, as the region there "
                                       f"began {'with' if was_secure else 'without'} it; or choose another --data")


def is_in_use(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


# ---- who runs a region in a folder ----

def lock(folder):
    """The lock of who runs a region there, or None when somebody does. It ends with this process."""
    folder.mkdir(parents=True, exist_ok=True)
    held = open(folder / "lock", "a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        return None
    return held


def is_held(folder):
    """Whether somebody runs a region there; leaves nothing behind."""
    return (folder / "lock").exists() and lock(folder) is None
