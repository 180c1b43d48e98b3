"""The page of the bridge, from its codes, relaxations and profiles; `generate.py` writes it."""

import ast
import inspect
from collections.abc import Iterator

from voltroam.bridge import notes, terms
from voltroam.bridge.codes import CODES
from voltroam.bridge.convert import KINDS, NEW_IN_2_3_0, UP_TO_2_2_1
from voltroam.bridge.demands import profile_names, read_profile
from voltroam.bridge.notes import Severity
from voltroam.bridge.terms import Relaxation


def bridging(notice: str) -> Iterator[str]:
    yield notice
    yield "# Between versions"
    yield ""
    yield "Objects pass between 2.1.1, 2.2.1 and 2.3.0 in named steps, each of which leaves notes:"
    yield "a code, a JSON pointer into the object that was given, a severity and a text."
    yield "How to use it: [howto](../howto/convert.md). No step changes `last_updated`, makes an"
    yield "amount up, or widens what an element of a tariff prices."
    yield ""
    yield "| Severity | Meaning |"
    yield "|---|---|"
    said = _said(notes)
    for severity in Severity:
        yield f"| `{severity}` | {said['Severity', severity.name]} |"
    yield ""
    yield "## Codes"
    for severity in Severity:
        yield ""
        yield f"### {severity}"
        yield ""
        yield "| Code | What happened |"
        yield "|---|---|"
        for code, meaning in sorted(CODES.items()):
            if meaning.severity is severity:
                yield f"| `{code}` | {meaning.text} |"
    yield from _relaxations()
    yield from _kinds()
    yield from _profiles()


_ALIKE = """\
Each counts on the step where it matters, for partners of 2.1.1 and of 2.2.1: what came in 2.3.0 is
read anew for a partner of 2.2.1 that allows `rounded-net-prices` (tariffs),
`parking-restrictions-dropped` (EVSEs), `j3400-as-tesla-s`, `unknown-words` (EVSEs, CDRs, types of
tokens) or `unknown-fields` (locations).
On the way up nothing is refused that a profile could allow."""


def _relaxations() -> Iterator[str]:
    yield ""
    yield "## What a partner's profile may allow"
    yield ""
    yield "Money and access are refused where they would be read otherwise than meant, unless:"
    yield ""
    yield "| Relaxation | What it allows |"
    yield "|---|---|"
    said = _said(terms)
    for one in Relaxation:
        yield f"| `{one}` | {said['Relaxation', one.name]} |"
    yield ""
    yield from _ALIKE.splitlines()


def _kinds() -> Iterator[str]:
    same = sorted(KINDS - set(UP_TO_2_2_1) - NEW_IN_2_3_0)
    yield ""
    yield "## Objects"
    yield ""
    yield f"Bridged: {_listed(sorted(UP_TO_2_2_1))}."
    yield f"Only in 2.3.0 and never bridged: {_listed(sorted(NEW_IN_2_3_0))}."
    if same:
        yield f"The same in all versions: {_listed(same)}."


def _profiles() -> Iterator[str]:
    yield ""
    yield "## Profiles of `validate`"
    for name in profile_names():
        profile = read_profile(name)
        yield ""
        yield f"### {name}"
        yield ""
        yield f"{profile.title}; versions {', '.join(profile.versions)}."
        yield ""
        yield "| Rule | Severity | Where | What | Source |"
        yield "|---|---|---|---|---|"
        for rule in profile.rule:
            place = f"`{rule.kind}.{rule.at}`" if rule.at else f"`{rule.kind}`"
            where = f"{place} ({', '.join(rule.versions)})" if rule.versions else place
            yield f"| `{rule.id}` | {rule.severity} | {where} | {rule.text} | {rule.section} |"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _said(module: object) -> dict[tuple[str, str], str]:
    """The text below each member of the enums of a module."""
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]  # it is a module
    found = {}
    for group in tree.body:
        if not isinstance(group, ast.ClassDef):
            continue
        for line, text in zip(group.body, group.body[1:], strict=False):
            if not isinstance(line, ast.Assign) or not isinstance(text, ast.Expr):
                continue
            name = line.targets[0]
            if isinstance(name, ast.Name) and isinstance(text.value, ast.Constant):
                found[group.name, name.id] = " ".join(str(text.value.value).split())
    return found
