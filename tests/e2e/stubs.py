"""Python of the public protos, generated once per state of the protos with the integrators' own script."""

import hashlib
import os
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(os.environ["MERIDIAN_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MERIDIAN_BUILD_DIR"])
EXAMPLES = ROOT / "docs/examples/python"


def on_the_path():
    digest = hashlib.sha256()
    for proto in sorted((ROOT / "proto").rglob("*.proto")):
        digest.update(proto.read_bytes())
    made = BUILD / "e2e_stubs" / digest.hexdigest()[:16]
    sys.path.insert(0, str(EXAMPLES))
    if not made.exists():
        from make_stubs import make_stubs

        made.parent.mkdir(parents=True, exist_ok=True)
        unfinished = tempfile.mkdtemp(dir=made.parent)
        make_stubs(unfinished)
        try:
            os.rename(unfinished, made)  # two tests may do so at the same time: the first one wins
        except OSError:
            shutil.rmtree(unfinished)
    sys.path.insert(0, str(made))
    return made
