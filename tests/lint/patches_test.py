"""Every patch that a tool of the tests applies to a copy of the source, applies."""

import sys

import pytest
import sources

sys.path.append(str(sources.ROOT / "tests"))
from source_copy import Failure, apply_patch  # noqa: E402


@pytest.mark.parametrize("patch", sources.files(".patch"))
def test_it_applies(patch):
    apply_patch(sources.ROOT / patch, sources.ROOT, "--check")


def test_the_patches_are_found():
    assert {"tests/soak/next_release.patch", "tests/planted_bugs/no_wait.patch"} <= set(sources.files(".patch"))


def test_one_that_does_not_apply_is_found(tmp_path):
    (tmp_path / "a.txt").write_text("otherwise\n")
    patch = tmp_path / "planted.patch"
    patch.write_text("--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-as it was\n+as it is\n")
    with pytest.raises(Failure, match="planted.patch does not apply"):
        apply_patch(patch, tmp_path, "--check")
