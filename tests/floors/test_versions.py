"""No code compares versions: it asks a flag, or lives in the bridge.

Comparison, match and membership on a version stand in `standard/versions.py`, where a version is
defined, `standard/shapes.py`, where its objects are found, and `bridge/`, whose matter they are.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "voltroam"
ALLOWED = ("standard/versions.py", "standard/shapes.py", "bridge/")

NUMBER = re.compile(r"2\.[0-3](\.[0-9])?")
"""As text: a number of a version."""
NAMED = re.compile(r"V2_[0-9]_[0-9]|HOME|VERSIONS")
CALLED = re.compile(r"(.*_)?version")
"""How a variable or member that holds one is called."""
PARTS = {"rank", "number"}


OTHER_VERSIONS = {
    "metering/": "versions of formats of signed data",
    "store/": "versions of files and rows, and whether a row moves",
}
"""Where the word means something else, and what."""


def is_version(node: ast.AST) -> bool:
    """Whether an expression is a version, a part of one that orders or names it, or a few."""
    match node:
        case ast.Tuple() | ast.List() | ast.Set():
            return any(is_version(one) for one in node.elts)
        case ast.Call(func=ast.Name(id="str" | "repr" | "tuple" | "set" | "frozenset")):
            return any(is_version(one) for one in node.args)
        case ast.Subscript():
            return is_version(node.value)
        case ast.Attribute() if node.attr in PARTS:
            return is_version(node.value)
    return _names_version(node)


def _names_version(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and NUMBER.fullmatch(node.value) is not None
    name = getattr(node, "id", getattr(node, "attr", ""))
    return NAMED.fullmatch(name) is not None or CALLED.fullmatch(name) is not None


def faults(source: str, module: str) -> list[str]:
    """Lines that decide by a version."""
    return [f"{module}:{line} {what}" for line, what in _faults(ast.parse(source))]


def _faults(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            if any(isinstance(one, ast.Constant) and one.value is None for one in operands):
                continue  # whether there is one at all
            if any(is_version(one) for one in operands):
                yield node.lineno, f"compares a version: {ast.unparse(node)}"
        elif isinstance(node, ast.Match) and is_version(node.subject):
            yield node.lineno, "matches a version"
        elif isinstance(node, ast.MatchValue) and is_version(node.value):
            yield node.lineno, "a case is a version"
        elif isinstance(node, ast.Dict) and any(
            key is not None and NAMED.fullmatch(getattr(key, "id", getattr(key, "attr", "")))
            for key in node.keys
        ):
            yield node.lineno, "a table keyed by versions"


def files() -> list[Path]:
    return [
        file
        for file in sorted(SOURCE.rglob("*.py"))
        if not file.relative_to(SOURCE).as_posix().startswith((*ALLOWED, *OTHER_VERSIONS))
    ]


def test_no_code_decides_by_a_version() -> None:
    found = [
        fault
        for file in files()
        for fault in faults(file.read_text("utf-8"), file.relative_to(SOURCE).as_posix())
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "if version == V2_2_1: pass",
        "if call.version is V2_1_1: pass",
        "if platform.version != '2.2.1': pass",
        "if version in (V2_2_1, V2_3_0): pass",
        "if platform.version not in VERSIONS: pass",
        "if one.rank < version.rank: pass",
        "if row.since.rank <= V2_2_1.rank: pass",
        "if str(call.version) > '2.2': pass",
        "match version:\n    case _: pass",
        "match name:\n    case '2.1.1': pass",
        "table = {V2_1_1: 1, versions.V2_2_1: 2}",
        "[row for row in rows if row.version == HOME.number]",
    ],
)
def test_the_check_sees_what_is_forbidden(line: str) -> None:
    assert faults(line, "x")


@pytest.mark.parametrize(
    "line",
    [
        "if version.base64_token: pass",
        "if version.open_enums == wanted: pass",
        "if self._told(platform, version) != platform.told: pass",
        "if version is None: pass",
        "if platform.version is not None and platform.version: pass",
        "row = Endpoint(since=V2_1_1, until=V2_2_1)",
        "version = VERSIONS.get(number)",
        "if versions > 1: pass",
    ],
)
def test_the_check_lets_pass_what_is_allowed(line: str) -> None:
    assert faults(line, "x") == []
