"""A copy of HEAD to which patches are applied, and its release build. Nothing that is not committed is in it; files that
did not change keep their times, so that little is built anew."""

import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Failure(Exception):
    pass


# Runs what follows where the second folder is seen at the place of the first.
IN_ITS_PLACE = 'mount --rbind "$1/.tools" "$2/.tools" && mount --rbind "$2" "$1" && cd "$1" && shift 2 && exec "$@"'


class SourceCopy:
    """`in_place`: it is built as if it were the repository itself, so that ccache has what both have in common (of two
    folders it has not: precompiled headers hold their paths). For that it takes root, or Linux's user namespaces."""

    def __init__(self, folder, in_place=False):
        self.folder = pathlib.Path(folder)
        self._in_place = in_place
        self.build_folder = self.folder / "build/release"

    def make(self, *patches):
        """HEAD with the patches applied."""
        fresh = self.folder.with_name(f"{self.folder.name}.fresh")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        archive = subprocess.Popen(["git", "-C", ROOT, "archive", "HEAD"], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", fresh], stdin=archive.stdout, check=True)
        if archive.wait() != 0:
            raise Failure("git archive failed")
        for patch in patches:
            apply_patch(patch, fresh)
        self.folder.mkdir(exist_ok=True)
        _update(fresh, self.folder)
        shutil.rmtree(fresh)
        tools = self.folder / ".tools"
        if self._in_place:
            tools.mkdir(exist_ok=True)
        elif not tools.exists():
            tools.symlink_to(ROOT / ".tools")

    def build(self, *targets):
        configured = self._run("cmake", "--preset", "release")
        if configured.returncode != 0:
            raise Failure("the copy could not be configured:\n" + configured.stdout + configured.stderr)
        built = self._run("nice", "ninja", "-C", "build/release", "-j", "2", *targets)
        if built.returncode != 0:
            raise Failure(f"{' '.join(targets)} could not be built:\n" + built.stdout[-3000:])

    def _run(self, *command):
        if not self._in_place:
            return run(command, cwd=self.folder)
        namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        return run([*namespace, "bash", "-c", IN_ITS_PLACE, "bash", ROOT, self.folder, *command])


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def apply_patch(patch, folder, *options):
    """To the files of a folder, also where that is inside of a repository."""
    done = run(["git", "apply", "--whitespace=nowarn", "--unidiff-zero", *options, patch], cwd=folder,
               env={**os.environ, "GIT_CEILING_DIRECTORIES": str(pathlib.Path(folder).parent)})
    if done.returncode != 0:
        raise Failure(f"{patch.name} does not apply:\n{done.stderr}")


def _update(source, target):
    wanted = {p.relative_to(source) for p in source.rglob("*") if not p.is_dir()}
    for old in [p for p in target.rglob("*") if not p.is_dir()]:
        name = old.relative_to(target)
        if name.parts[0] not in ("build", ".tools") and name not in wanted:
            old.unlink()
    for name in wanted:
        old = target / name
        if old.exists() and old.read_bytes() == (source / name).read_bytes():
            continue
        old.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, old)
        shutil.copymode(source / name, old)
