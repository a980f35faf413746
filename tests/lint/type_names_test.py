"""No two types share a name and namespace, and the lint that says so sees it."""

import sources
import type_names


def test_every_type_has_a_name_of_its_own():
    found = type_names.findings()
    assert not found, sources.listed(found)


def test_the_repository_is_looked_at():
    names = [name for path in sources.files(".h", under="libs") for name, _ in type_names.definitions(sources.read(path))]
    assert len(names) > 300
    assert "meridian::WebSocketOutbox" in names and "meridian::EngineCore" in names


def test_a_clash_is_found():
    found = type_names.findings({"libs/a/x.h": "namespace meridian {\nclass Box {\n};\n}\n",
                                 "libs/b/y.cc": "namespace meridian {\n\nstruct Box final : Other {\n};\n}\n"})
    assert [(f.path, f.line) for f in found] == [("libs/b/y.cc", 3)]


def test_what_the_linker_keeps_apart_is_none():
    text = "namespace meridian {\nclass Box;\nnamespace {\nstruct Row {\n};\n}\nclass Outer {\n  struct Row {\n  };\n};\n}\n"
    assert type_names.findings({"libs/a/x.cc": text, "libs/b/y.cc": text.replace("Outer", "Other"),
                                "libs/c/z.h": "namespace meridian::c {\nclass Outer {\n};\n}\n"}) == []
