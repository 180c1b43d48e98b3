"""Imports go down only, and packages of one floor do not know each other (ARCHITECTURE.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "voltroam"

FLOORS = {
    "standard": 0,
    "wire": 1,
    "bridge": 1,
    "pricing": 1,
    "metering": 1,
    "store": 2,
    "billing": 2,
    "roaming": 3,
    "delivery": 4,
    "transport": 4,
    "operator": 5,
    "console": 5,
    "simulator": 5,
    "conformance": 5,
    "calling": 6,
    "answering": 6,
    "node": 6,
    "application": 6,
    "invoices": 6,
    "operating": 6,
    "packaged": 6,
    "embedding": 6,
    "live": 6,
    "tuning": 6,
    "settings": 6,
    "logs": 6,
    "modules": 6,
    "holdings": 6,
    "hosts": 6,
    "hubbing": 6,
    "knobs": 6,
    "seeing": 6,
    "served": 6,
    "cli": 6,
    "__main__": 6,
}
TOP = 6
FACES = {"v2_2_1", "v2_3_0", "v2_1_1", ""}
"""The library's public face only re-exports: it may look anywhere, nothing inside imports it."""


def part_of(module: str) -> str:
    """`voltroam.wire.patch` -> `wire`; the package itself is the empty part."""
    pieces = module.split(".")
    return pieces[1] if len(pieces) > 1 else ""


def module_name(file: Path, root: Path) -> str:
    pieces = list(file.relative_to(root.parent).with_suffix("").parts)
    if pieces[-1] == "__init__":
        pieces.pop()
    return ".".join(pieces)


def imported(tree: ast.AST, module: str, *, package: bool) -> Iterator[tuple[int, str]]:
    """Every name a file imports, wherever in the file the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                here = module.split(".") if package else module.split(".")[:-1]
                above = here[: len(here) - node.level + 1]
                source = ".".join([*above, source] if source else above)
            if source == "voltroam":
                yield from ((node.lineno, f"voltroam.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, source


def faults(source: str, module: str, *, package: bool = False) -> list[str]:
    """The imports of one file that go up, sideways, or hide behind TYPE_CHECKING."""
    tree = ast.parse(source)
    own = part_of(module)
    found = []
    for line, target in imported(tree, module, package=package):
        other = part_of(target)
        if target.split(".")[0] != "voltroam" or other == own or own in FACES:
            continue
        if other == "__version__":
            continue
        if other in FACES:
            found.append(f"{module}:{line} imports the public face `{target}`")
        elif other not in FLOORS:
            found.append(f"{module}:{line} imports `{target}`, which stands on no floor")
        elif FLOORS[other] > FLOORS[own]:
            found.append(f"{module}:{line} imports up: `{target}`")
        elif FLOORS[other] == FLOORS[own] != TOP:
            found.append(f"{module}:{line} imports sideways: `{target}`")
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if "TYPE_CHECKING" in names:
        found.append(f"{module} hides an import behind TYPE_CHECKING")
    return found


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def test_imports_go_down_only() -> None:
    found = [
        fault
        for file in files()
        for fault in faults(
            file.read_text("utf-8"), module_name(file, SOURCE), package=file.name == "__init__.py"
        )
    ]
    assert found == []


def test_every_package_stands_on_a_floor() -> None:
    parts = {part_of(module_name(file, SOURCE)) for file in files()}
    assert parts - FACES <= set(FLOORS)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("voltroam.wire.call", "from voltroam.store import interface"),
        ("voltroam.wire.call", "def f():\n    import voltroam.roaming.platforms"),
        ("voltroam.delivery.lanes", "from voltroam.transport.client import Sender"),
        ("voltroam.standard.status", "from voltroam import wire"),
        ("voltroam.standard.status", "from ..wire import call"),
        ("voltroam.wire.call", "from voltroam.v2_2_1 import Location"),
        ("voltroam.wire.call", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass"),
        ("voltroam.store.open", "import typing\nif typing.TYPE_CHECKING:\n    pass"),
    ],
)
def test_the_check_sees_what_is_forbidden(module: str, line: str) -> None:
    assert len(faults(line, module)) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("voltroam.wire.call", "from voltroam.standard import endpoints"),
        ("voltroam.wire.call", "from voltroam.wire import times"),
        ("voltroam.wire.call", "from . import times"),
        ("voltroam.cli.serve", "from voltroam.node import Node"),
        ("voltroam.roaming.accept", "import asyncio"),
    ],
)
def test_the_check_lets_pass_what_is_allowed(module: str, line: str) -> None:
    assert faults(line, module) == []
