"""All C++ is formatted as .clang-format says. Mend with: clang-format-16 -i FILES."""

import subprocess

import sources


def test_all_cpp_is_formatted():
    names = sources.files(".h", ".cc")
    run = subprocess.run(["clang-format-16", "--dry-run", "-Werror", *names], cwd=sources.ROOT, capture_output=True, text=True)
    wrong = sorted({line.split(":")[0] for line in run.stderr.splitlines() if "-Wclang-format-violations" in line})
    assert run.returncode == 0, f"not formatted: clang-format-16 -i {' '.join(wrong)}"


def test_an_unformatted_file_is_found(tmp_path):
    (tmp_path / ".clang-format").write_text((sources.ROOT / ".clang-format").read_text())
    planted = tmp_path / "planted.cc"
    planted.write_text("int  F( int a ){return a ;}\n")
    assert subprocess.run(["clang-format-16", "--dry-run", "-Werror", planted], capture_output=True).returncode != 0
