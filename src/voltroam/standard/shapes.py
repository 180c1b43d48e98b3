"""How an object looks in a version: rows and resources name it, the version's folder spells it out.

Rows hold the shapes of the version the house works in (or of the version that brought the module);
the same name in another version's package is the same object there.
"""

from enum import Enum
from functools import cache
from types import ModuleType

from voltroam.standard import v2_1_1, v2_2_1, v2_3_0
from voltroam.standard.versions import V2_1_1, V2_2_1, V2_3_0, Version

PACKAGES: dict[Version, ModuleType] = {V2_1_1: v2_1_1, V2_2_1: v2_2_1, V2_3_0: v2_3_0}
"""The folder of each version."""


@cache
def shape(named: type, version: Version) -> type:
    """The object as that version has it; itself, where the version shares it or lacks it."""
    package = PACKAGES.get(version)
    found = getattr(package, named.__name__, named)
    return found if isinstance(found, type) else named


@cache
def vocabulary() -> str:
    """All words of all enums of all versions, in upper case, one to a line."""
    words = {
        str(member.value).upper()
        for package in PACKAGES.values()
        for kind in vars(package).values()
        if isinstance(kind, type) and issubclass(kind, Enum)
        for member in kind
    }
    return "\n".join(sorted(words))
