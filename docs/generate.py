"""Write docs/reference from table, objects and commands: `python docs/generate.py [--check]`.

With `--check` nothing is written; the exit code is 1 if a page differs from what would be.
"""

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from types import ModuleType
from typing import Annotated, get_args, get_origin, get_type_hints

import msgspec
from bridging import bridging
from commands import commands
from operations import operations

from voltroam.standard import v2_1_1, v2_2_1, v2_3_0
from voltroam.standard.endpoints import Endpoint, Module
from voltroam.standard.packages import STANDARD
from voltroam.standard.types import OpenEnum

REFERENCE = Path(__file__).parent / "reference"
NOTICE = "<!-- Written by docs/generate.py from the code: change the code, then run it. -->"
CHAPTERS = (
    "types", "version_information", "credentials", "locations", "sessions", "cdrs", "tariffs",
    "tokens", "commands", "charging_profiles", "hub_client_info", "invoicereconciliation",
    "bookings", "payments",
)  # fmt: skip
OBJECTS: Mapping[ModuleType, tuple[str, str]] = {
    v2_1_1: ("2.1.1", "objects-2.1.1.md"),
    v2_2_1: ("2.2.1", "objects.md"),
    v2_3_0: ("2.3.0", "objects-2.3.0.md"),
}
"""The folders of the versions, their numbers and their pages."""
PLAIN = {str: "string", int: "int", bool: "boolean"}


def pages() -> Mapping[Path, str]:
    """Every generated page and its text."""
    return {
        REFERENCE / "endpoints.md": "\n".join(endpoints()) + "\n",
        **{
            REFERENCE / page: "\n".join(objects(package)) + "\n"
            for package, (_, page) in OBJECTS.items()
        },
        REFERENCE / "cli.md": "\n".join(commands(NOTICE)) + "\n",
        REFERENCE / "bridge.md": "\n".join(bridging(NOTICE)) + "\n",
        REFERENCE / "operator-api.md": "\n".join(operations(NOTICE)) + "\n",
    }


def endpoints() -> Iterator[str]:
    yield NOTICE
    yield "# Endpoints"
    yield ""
    yield "Every method of OCPI that a node serves and calls, as the table has it. Paths are"
    yield "below the module's URL: `<base>/ocpi/2.2.1/<sender or receiver>/<module>`; credentials"
    yield "are at `<base>/ocpi/2.2.1/credentials`, the versions list is at `<base>/ocpi/versions`."
    yield "Bodies are named as in 2.2.1, or as in the version that brought them: the same name in"
    yield "[2.1.1](objects-2.1.1.md) and [2.3.0](objects-2.3.0.md) is the same object there."
    for module in dict.fromkeys(row.module for row in STANDARD):
        yield from _module(module, [row for row in STANDARD if row.module is module])


def _module(module: Module, rows: list[Endpoint]) -> Iterator[str]:
    senders = ", ".join(sorted(module.sender_roles))
    receivers = ", ".join(sorted(module.receiver_roles))
    kind = "functional, with routing headers" if module.functional else "configuration"
    yield ""
    yield f"## {module.name}"
    yield ""
    yield f"Chapter `{module.chapter}`; {kind}. SENDER: {senders}. RECEIVER: {receivers}."
    yield ""
    yield "| Interface | Method | Path | Body | Data of the reply | Query | Versions | Notes |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        query = ", ".join(
            f"**{name}**" if name in row.required_query else name for name in row.query
        )
        cells = (
            row.interface.value if row.interface else "both",
            row.method,
            f"`/{row.path}`" if row.path else "",
            _shape(row.takes, "part of " if row.method == "PATCH" else ""),
            _shape(row.gives, "list of " if row.gives_list else ""),
            query,
            _versions(row),
            "; ".join(_notes(row)),
        )
        yield f"| {' | '.join(cells)} |"


def _shape(kind: type | None, before: str) -> str:
    return f"{before}{_link(kind)}" if kind else ""


def _link(kind: type) -> str:
    name = kind.__name__
    page = next(
        page for package, (_, page) in OBJECTS.items() if getattr(package, name, None) is kind
    )
    return f"[{name}]({page}#{name.lower()})"


def _versions(row: Endpoint) -> str:
    """`2.2.1` up, or up to a version."""
    return f"from {row.since}" if row.until is None else f"{row.since} to {row.until}"


def _notes(row: Endpoint) -> Iterator[str]:
    if row.resource is not None and row.resource.immutable and row.takes:
        yield "never changes"
    if row.resource is not None and row.method == "PATCH":
        yield from (f"appends to {name}" for name in sorted(row.resource.appends))
    if row.broadcast:
        yield "may be broadcast"
    if not row.safe_to_repeat:
        yield "not safe to repeat"
    if row.urls:
        yield f"carries a URL: {row.urls}"


def objects(package: ModuleType) -> Iterator[str]:
    yield NOTICE
    yield f"# Objects of OCPI {OBJECTS[package][0]}"
    yield ""
    yield "Members with their type, greatest length and cardinality: `1` required, `?` optional,"
    yield "`*` a list, `+` a list that is not empty. The errata of the current branch are included."
    kinds = dict.fromkeys(getattr(package, name) for name in package.__all__)
    for chapter in CHAPTERS:
        try:
            module = import_module(f"{package.__name__}.{chapter}")
        except ModuleNotFoundError:
            continue
        yield ""
        yield f"## {_first(module)}"
        for kind in kinds:
            if kind.__module__ == module.__name__:
                yield from _values(kind) if issubclass(kind, StrEnum) else _members(kind)
    shared = [kind for kind in kinds if not kind.__module__.startswith(package.__name__)]
    if shared:
        yield ""
        yield "## The same as in 2.2.1"
        yield ""
        yield ", ".join(f"[{kind.__name__}](objects.md#{kind.__name__.lower()})" for kind in shared)


def _first(thing: object) -> str:
    return (getdoc(thing) or "").split("\n", 1)[0].rstrip(".")


def _values(kind: type[StrEnum]) -> Iterator[str]:
    yield from _heading(kind)
    words = ", ".join(f"`{item.value}`" for item in kind)
    yield f"{words}, or any other word" if issubclass(kind, OpenEnum) else words


def _heading(kind: type) -> Iterator[str]:
    yield ""
    yield f"### {kind.__name__}"
    yield ""
    yield f"{_first(kind)}."
    yield ""


def _members(kind: type) -> Iterator[str]:
    yield from _heading(kind)
    yield "| Member | Type | Card. |"
    yield "|---|---|---|"
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        kinds = [inner for inner in _flat(hints[field.name]) if inner is not type(None)]
        text, many, filled = _describe(kinds[0])
        card = ("+" if filled else "*") if many else ("1" if field.required else "?")
        yield f"| {field.encode_name} | {text} | {card} |"


def _flat(hint: object) -> tuple[object, ...]:
    if get_origin(hint) in (Annotated, list) or not get_args(hint):
        return (hint,)
    return get_args(hint)


def _describe(hint: object) -> tuple[str, bool, bool]:
    """(type as text, whether it is a list, whether that must not be empty)."""
    if get_origin(hint) is list:
        return _describe(get_args(hint)[0])[0], True, False
    if get_origin(hint) is Annotated:
        inner, meta = get_args(hint)[:2]
        if get_origin(inner) is list:
            return _describe(inner)[0], True, bool(meta.min_length)
        return _annotated(inner, meta), False, False
    if isinstance(hint, type):
        return PLAIN.get(hint) or _link(hint), False, False
    raise TypeError(f"no words for {hint!r}")


def _annotated(inner: type, meta: msgspec.Meta) -> str:
    if inner is int:
        return f"int, {meta.ge} to {meta.le}"
    word = str((meta.extra or {})["ocpi"])
    length = f"({meta.max_length})" if meta.max_length else ""
    if word in ("CiString", "string"):
        return f"{word}{length}"
    if word in ("identifier", "ascii"):
        return f"string{length}"
    if word in ("number", "number or text"):
        return "number"
    if word in ("URL", "DateTime", "VersionNumber", "ModuleID"):
        return word
    return f"string({meta.max_length}), {word.replace('_', ' ')}"


def main(arguments: list[str]) -> int:
    stale = [path for path, text in pages().items() if _read(path) != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path} is not what the code says: run docs/generate.py\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages()[path], encoding="utf-8")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
