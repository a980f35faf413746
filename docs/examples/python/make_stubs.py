"""Generates Python from Meridian's public protos: make_stubs.py [DIRECTORY], ./generated when left out.

Put the directory on the path of Python (PYTHONPATH, or sys.path as agent.py does) and import `meridian.…`.
"""

import pathlib
import sys
from importlib.resources import files

from grpc_tools import protoc

HERE = pathlib.Path(__file__).resolve().parent
PROTOS = HERE.parents[2] / "proto"


def make_stubs(directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    sources = sorted(p for p in (PROTOS / "meridian").rglob("*.proto") if "internal" not in p.relative_to(PROTOS).parts)
    arguments = ["protoc", f"-I{PROTOS}", f"-I{files('grpc_tools') / '_proto'}", f"--python_out={directory}",
                 f"--grpc_python_out={directory}", *map(str, sources)]
    if protoc.main(arguments) != 0:
        raise RuntimeError("protoc refused the protos")
    return directory


if __name__ == "__main__":
    print(make_stubs(sys.argv[1] if len(sys.argv) > 1 else HERE / "generated"))
