"""The settings reference names every setting, and none that is not there."""

import re
from pathlib import Path

import msgspec

from voltroam.settings import Settings
from voltroam.tuning import Tuning

WHOLE = {"charging.pace", "charging.policy"}
"""Tables with a page, or a line, of their own."""
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def names(shape: type[msgspec.Struct], above: str = "") -> set[str]:
    found: set[str] = set()
    for field in msgspec.structs.fields(shape):
        full = f"{above}{field.name}"
        if full in WHOLE:
            found.add(full)
        elif isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            found |= names(field.type, f"{full}.")
        else:
            found.add("profile.*" if full == "profile" else full)
    return found


def test_every_setting_is_documented_and_no_other() -> None:
    rows = [
        line.split("|")[1] for line in PAGE.read_text("utf-8").splitlines() if line[:3] == "| `"
    ]
    documented = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    tables = {field.name for field in msgspec.structs.fields(Tuning)}
    assert documented == (names(Settings) - tables) | names(Tuning)
