"""The rules about text and names hold, and the lint sees what it should."""

import pytest
import sources
import text_rules


def test_the_rules_hold_everywhere():
    found = text_rules.findings()
    assert not found, sources.listed(found)


@pytest.mark.parametrize("line", ("// TODO: later", "int a;  // FIXME", "  GTEST_SKIP() << 1;", "TEST(A, DISABLED_B) {}",
                                  "@pytest.mark.skip", "pytest.skip('x')", "@pytest.mark.xfail", "time.sleep(1)",
                                  "std::this_thread::sleep_for(d);", "status.IgnoreError();"))
def test_planted_text_is_found(line):
    assert [f.line for f in text_rules.findings_in("libs/a/a.cc", f"int a;\n{line}\n")] == [2]


def test_a_reason_allows_and_an_empty_one_does_not():
    assert text_rules.findings_in("tests/a.py", "time.sleep(0.01)  # lint: allow sleep: between two looks\n") == []
    assert text_rules.findings_in("tests/a.py", "# lint: allow sleep: between two looks\ntime.sleep(0.01)\n") == []
    assert text_rules.findings_in("tests/a.py", "time.sleep(0.01)  # lint: allow sleep:\n") != []


@pytest.mark.parametrize("path", ("libs/util/a.h", "libs/a/string_helpers.cc", "libs/a/session-manager.cc", "services/common.py"))
def test_names_that_say_nothing_are_found(path):
    assert len(text_rules.name_findings(path)) == 1


def test_names_that_contain_such_a_word_are_fine():
    assert text_rules.name_findings("libs/a/commonplace.h") == text_rules.name_findings("libs/a/implicit.h") == []


def function_of(lines):
    return "void F(int a,\n       int b) {\n" + "  a = b;\n" * (lines - 3) + "}\n"


def test_long_functions_and_files_are_found():
    assert text_rules.findings_in("libs/a/a.cc", "namespace a {\n\n" + function_of(70) + "\n}  // namespace a\n") == []
    found = text_rules.findings_in("libs/a/a.cc", "namespace a {\n\n" + function_of(71) + "\n}  // namespace a\n")
    assert [(f.line, "71 lines" in f.message) for f in found] == [(3, True)]
    assert text_rules.findings_in("libs/a/a.cc", "// lint: allow length: one table\n" + function_of(71)) == []
    assert text_rules.findings_in("tests/a.py", "a = 1\n" * 501) != []


def test_a_header_needs_its_guard():
    assert text_rules.findings_in("libs/a/a.h", "int a;\n") != []
