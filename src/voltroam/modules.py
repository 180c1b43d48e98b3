"""Modules of an operator's own: rows that join the table, named in the settings.

`modules = ["parking_sensors:ROWS"]` takes the rows from that Python file beside the settings, or
from an installed package. Server, client, store, version details and OpenAPI then serve them like
the modules of the standard; a partner sees them when its profile lists them (CORE-VER-14).
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from voltroam.settings import Settings, SettingsError
from voltroam.standard.endpoints import Endpoint, Table
from voltroam.standard.packages import STANDARD


def read_table(settings: Settings, folder: Path) -> Table:
    """The rows of the standard and those that the settings add. Raises SettingsError."""
    newest = max(version.rank for version in settings.spoken)
    rows = [row for row in STANDARD if row.since.rank <= newest]
    for place in settings.modules:
        rows += _rows(place, folder)
    return Table(rows)


def load(place: str, folder: Path, *, setting: str, attribute: str) -> Any:
    """What `module:NAME` names: a Python file beside the settings, or an installed package.

    `attribute` is taken without a NAME. Raises SettingsError.
    """
    name, _, given = place.partition(":")
    beside = str(folder.absolute())
    if beside not in sys.path:
        sys.path.append(beside)
    try:
        return getattr(import_module(name), given or attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"`{setting}`: {place} cannot be loaded: {error}.") from None


def _rows(place: str, folder: Path) -> list[Endpoint]:
    rows = list(load(place, folder, setting="modules", attribute="ROWS"))
    if not all(isinstance(row, Endpoint) for row in rows):
        raise SettingsError(f"`modules`: {place} must be a list of table rows (Endpoint).")
    standard = {row.module.name for row in STANDARD}
    for row in rows:
        if row.module.name in standard:
            raise SettingsError(f"`modules`: {place} takes the standard's name {row.module.name}.")
    return rows
