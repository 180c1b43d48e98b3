"""What a platform, a law or an edition asks of objects beyond the standard: profiles, as data.

A profile is a TOML file of rules in `profiles/`, or of one's own: see docs/howto/convert.md.
"""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec

_FOLDER = files("voltroam.bridge").joinpath("profiles")
GONE = "REMOVED"
"""Nothing is asked of an EVSE that is gone."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One demand. `at` is a path of members, `[]` after one that is a list."""

    id: str
    kind: str
    at: str
    needs: Literal["present", "entry", "at most", "other than", "nothing"]
    """There at all; a list with an entry; a text of `longest` characters; none of `values`; …"""
    section: str
    text: str
    hint: str
    severity: Literal["error", "warning"] = "error"
    versions: tuple[str, ...] = ()
    """Versions that it holds for; none: all of the profile."""
    longest: int = 0
    values: tuple[str, ...] = ()


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    versions: tuple[str, ...]
    """Versions that are taken at all."""
    rule: tuple[Rule, ...]


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    """A demand that an object does not meet, with a JSON pointer to the place."""

    rule: str
    severity: str
    pointer: str
    section: str
    text: str
    hint: str


def profile_names() -> list[str]:
    """The profiles that come with the package."""
    names = (entry.name for entry in _FOLDER.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def read_profile(name: str) -> Profile:
    """By its name, or from a file of one's own; ValueError says what is wrong with it."""
    if name in profile_names():
        text = _FOLDER.joinpath(f"{name}.toml").read_text("utf-8")
    elif name.endswith(".toml") and Path(name).is_file():
        text = Path(name).read_text("utf-8")
    else:
        raise ValueError(f"no profile {name!r}: there are {', '.join(profile_names())}")
    try:
        return msgspec.convert(tomllib.loads(text), Profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"profile {name!r}: {error}") from None


def shortfalls(
    profile: Profile, kind: str, document: Mapping[str, Any], version: str
) -> Iterator[Shortfall]:
    """Every demand of a profile that an object of a version does not meet."""
    if version not in profile.versions:
        taken = " or ".join(profile.versions)
        yield Shortfall(
            rule="VERSION",
            severity="error",
            pointer="",
            section=profile.title,
            text=f"{version} is not taken",
            hint=f"Send {taken}: `voltroam convert` writes it.",
        )
        return
    for rule in profile.rule:
        if rule.kind == kind and (not rule.versions or version in rule.versions):
            steps = rule.at.split(".") if rule.at else []
            for pointer, value in _places(document, steps, ""):
                if not _met(rule, value):
                    yield _told(rule, pointer)


def _told(rule: Rule, pointer: str) -> Shortfall:
    return Shortfall(
        rule=rule.id,
        severity=rule.severity,
        pointer=pointer,
        section=rule.section,
        text=rule.text,
        hint=rule.hint,
    )


def _places(value: Any, steps: list[str], at: str) -> Iterator[tuple[str, Any]]:
    """The places that a path names in an object, with what is there; None where nothing is."""
    if not steps:
        yield at, value
        return
    name = steps[0].removesuffix("[]")
    found = value.get(name) if isinstance(value, Mapping) else None
    where = f"{at}/{name}"
    if name == steps[0]:
        if found is None and len(steps) > 1:
            return
        yield from _places(found, steps[1:], where)
        return
    for index, item in enumerate(found if isinstance(found, list) else ()):
        if not (isinstance(item, Mapping) and item.get("status") == GONE):
            yield from _places(item, steps[1:], f"{where}/{index}")


def _met(rule: Rule, value: Any) -> bool:
    if rule.needs == "present":
        return value is not None and value != ""
    if rule.needs == "entry":
        return isinstance(value, list) and bool(value)
    if rule.needs == "at most":
        return not isinstance(value, str) or len(value) <= rule.longest
    if rule.needs == "other than":
        return value not in rule.values
    return False
