"""The files that make the project a project are there, and say what they must."""

import json
import re

import sources


def test_presets():
    presets = json.loads(sources.read("CMakePresets.json"))
    names = {p["name"] for p in presets["configurePresets"]}
    assert {"dev", "release", "asan", "tsan", "fuzz"} <= names
    launcher = presets["configurePresets"][0]["cacheVariables"]["CMAKE_CXX_COMPILER_LAUNCHER"]
    assert launcher.endswith(";ccache")


def test_warnings_are_errors_and_a_precompiled_header_is_used():
    cmake = sources.read("libs/meridian_library.cmake")
    assert re.search(r"-Wall -Wextra -Wpedantic -Werror", cmake)
    assert "target_precompile_headers" in cmake


def test_the_licence_is_apache_2():
    licence = sources.read("LICENSE")
    assert "Apache License" in licence and "Version 2.0" in licence


def test_every_disabled_clang_tidy_check_has_its_reason():
    text = sources.read(".clang-tidy")
    comments = dict(re.findall(r"^#   (\S+)\s+(\S.*)$", text, re.MULTILINE))
    disabled = re.findall(r"^  -([a-z][\w-]+),?$", text, re.MULTILINE)
    assert len(disabled) > 5
    assert [c for c in disabled if c not in comments] == []


def test_install_lists_are_pinned_and_sorted_without_doubles():
    for line in sources.read("deploy/dev/python_requirements.txt").splitlines():
        assert not line or line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.]+", line), line
    packages = [line for name in ("platform", "tests")
                for line in sources.read(f"deploy/dev/packages_{name}.txt").splitlines() if line and line[0] != "#"]
    assert len(packages) == len(set(packages))


def test_ci_runs_the_tests():
    assert "tests/run" in sources.read(".ci/run")
    for program in (".ci/run", "tests/run", "tests/bare", "deploy/dev/up", "deploy/dev/install"):
        assert (sources.ROOT / program).stat().st_mode & 0o111, f"{program} is not executable"
        assert sources.read(program).startswith("#!")


def test_how_to_contribute_is_written_down():
    text = sources.read("docs/development.md")
    for words in ("tests/run", "deploy/dev/up", "meridian_library(", "## Contributing"):
        assert words in text
