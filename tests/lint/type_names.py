"""Types of one name and namespace in two files are one type to the linker: it keeps one of their inline functions for
both, and the other type's objects break. Finds such pairs in libs/ and services/."""

import collections
import re

import sources

_OPENS_NAMESPACE = re.compile(r"^\s*(?:inline )?namespace(?: ([\w:]+))? \{")
_DEFINES = re.compile(r"^(?:template <.*> )?(?:class|struct|enum|enum class) (\w+)(?: final)?(?: :[^;{]*)?\s*\{")


def definitions(text):
    """The (qualified name, line) of every type that is defined directly in a namespace with a name."""
    found = []
    depth = 0
    namespaces = []  # (depth outside, name or None)
    for number, line in enumerate(sources.code_only(text).splitlines(), 1):
        opened = _OPENS_NAMESPACE.match(line)
        defined = _DEFINES.match(re.sub(r"\[\[.*?\]\] ?", "", line))
        if opened:
            namespaces.append((depth, opened.group(1)))
        elif defined and len(namespaces) == depth and all(name for _, name in namespaces):
            found.append(("::".join([name for _, name in namespaces] + [defined.group(1)]), number))
        depth += line.count("{") - line.count("}")
        while namespaces and depth <= namespaces[-1][0]:
            namespaces.pop()
    return found


def findings(texts=None):
    """`texts`: path → C++ text; the repository's own without it."""
    if texts is None:
        texts = {path: sources.read(path) for path in sources.files(".h", ".cc") if path.startswith(("libs/", "services/"))}
    places = collections.defaultdict(list)
    for path, text in texts.items():
        for name, line in definitions(text):
            places[name].append((path, line))
    return [sources.Finding(*at[1], f"{name} is also defined in {at[0][0]}:{at[0][1]}: the linker takes them for one type")
            for name, at in sorted(places.items()) if len(at) > 1]
