"""CMake refuses an upward link when it configures; files include only what their library declares."""

import subprocess

import layers
import sources


def configure(folder, declarations):
    """Configures a planted project that uses our CMake functions, and returns what CMake says and its exit code."""
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(planted LANGUAGES NONE)\n"
        f"include({sources.ROOT}/libs/meridian_library.cmake)\n{declarations}\n")
    run = subprocess.run(["cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build"], capture_output=True, text=True)
    return run.returncode, " ".join(run.stderr.split())


def test_a_downward_link_is_accepted(tmp_path):
    code, said = configure(tmp_path, "meridian_library(low LAYER domain)\nmeridian_library(high LAYER core DEPS low)")
    assert code == 0, said


def test_an_upward_link_is_refused_naming_both(tmp_path):
    code, said = configure(tmp_path, "meridian_library(high LAYER runtime)\nmeridian_library(low LAYER core DEPS high)")
    assert code != 0
    assert "upward link refused: low (core) may not link high (runtime)" in said


def test_a_library_that_is_not_declared_before_is_refused(tmp_path):
    code, said = configure(tmp_path, "meridian_library(low LAYER core DEPS later)\nmeridian_library(later LAYER base)")
    assert code != 0
    assert "low links later, which is not declared before it" in said


def test_a_binary_of_a_library_that_is_not_declared_before_is_refused(tmp_path):
    code, said = configure(tmp_path, "add_library(meridian_flags INTERFACE)\nmeridian_binary(program SOURCES a.cc DEPS later)")
    assert code != 0
    assert "program links later, which is not declared before it" in said


def test_the_pure_layers_are_configured_without_the_rest(tmp_path):
    """The presets asan_core and tsan: nothing that they build may need what they leave out."""
    run = subprocess.run(["cmake", "--preset", "asan_core", "-B", tmp_path], cwd=sources.ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_an_unknown_layer_is_refused(tmp_path):
    code, said = configure(tmp_path, "meridian_library(low LAYER middle)")
    assert code != 0
    assert "LAYER must be one of" in said


def test_an_own_library_may_not_hide_among_the_outside_ones(tmp_path):
    code, said = configure(
        tmp_path, "meridian_library(high LAYER runtime)\nmeridian_library(low LAYER core LINK meridian::high)")
    assert code != 0
    assert "name meridian::high under DEPS" in said


def test_files_include_only_what_their_library_declares():
    found = layers.findings()
    assert not found, sources.listed(found)


CMAKE = {
    "libs/base/CMakeLists.txt": "meridian_library(base LAYER base SOURCES a.cc)",
    "libs/domain/CMakeLists.txt": "meridian_library(domain LAYER domain DEPS base LINK absl::status)",
    "libs/routing/CMakeLists.txt": "meridian_library(routing LAYER core DEPS domain)",
}


def test_an_include_through_a_dependency_is_fine():
    assert layers.findings_in({"libs/routing/a.cc": '#include "libs/base/a.h"\n#include "libs/routing/b.h"\n'}, CMAKE) == []


def test_an_undeclared_include_is_found():
    found = layers.findings_in({"libs/domain/a.h": '#pragma once\n#include "libs/routing/engine.h"\n'}, CMAKE)
    assert [(f.path, f.line) for f in found] == [("libs/domain/a.h", 2)]
