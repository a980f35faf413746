"""Every `#include "libs/…"` and `#include "services/…"` names a library that the including one declares among its DEPS.

CMake checks the links that CMakeLists.txt declares (libs/meridian_library.cmake); this looks at what the files really use,
because all includes are from the repository's root. Run by hand: tests/lint/layers.py.
"""

import re
import sys

from sources import Finding, files, read

_DECLARATION = re.compile(r"meridian_(?:library|binary)\s*\(\s*(\w+)([^)]*)\)")
_INCLUDE = re.compile(r'^\s*#\s*include\s*"((?:libs|services)/[\w/]+)/[\w.]+"', re.MULTILINE)
_KEYWORDS = {"LAYER", "SOURCES", "DEPS", "LINK"}


def declared(texts):
    """Returns {folder: (names, deps)} and {name: deps} from {path of a CMakeLists.txt: its text}."""
    folders, libraries = {}, {}
    for path, text in texts.items():
        folder = path.rsplit("/", 1)[0]
        names, all_deps = folders.setdefault(folder, (set(), set()))
        for name, body in _DECLARATION.findall(re.sub(r"#[^\n]*", "", text)):
            words, deps, key = body.split(), set(), None
            for word in words:
                key = word if word in _KEYWORDS else key
                if key == "DEPS" and word != "DEPS":
                    deps.add(word)
            names.add(name)
            all_deps |= deps
            libraries[name] = deps
    return folders, libraries


def reachable(names, libraries):
    """Returns the libraries that `names` link, directly or through others."""
    seen, todo = set(), list(names)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += libraries.get(name, ())
    return seen


def findings_in(sources, cmake_texts):
    """`sources` is {path: text} of C++ files below libs/ and services/."""
    folders, libraries = declared(cmake_texts)
    found = []
    for path, text in sources.items():
        own = path.rsplit("/", 1)[0]
        while own and own not in folders:
            own = own.rpartition("/")[0]
        if not own:
            found.append(Finding(path, 1, "belongs to no meridian_library or meridian_binary"))
            continue
        names, deps = folders[own]
        allowed = reachable(names | deps, libraries)
        for match in _INCLUDE.finditer(text):
            target = match.group(1)
            while target and target not in folders:
                target = target.rpartition("/")[0]
            if target != own and not (target and folders[target][0] & allowed):
                line = text.count("\n", 0, match.start(1)) + 1
                found.append(Finding(path, line, f"includes {match.group(1)}, which {own} does not name under DEPS"))
    return found


def findings():
    cmake = {p: read(p) for folder in ("libs", "services") for p in files("CMakeLists.txt", under=folder)
             if p.count("/") > 1}
    sources = {p: read(p) for folder in ("libs", "services") for p in files(".h", ".cc", under=folder)}
    return findings_in(sources, cmake)


if __name__ == "__main__":
    found = findings()
    print("\n".join(map(str, found)))
    sys.exit(1 if found else 0)
