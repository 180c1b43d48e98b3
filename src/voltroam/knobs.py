"""One table of the settings, read by the part that it is about."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from voltroam.settings import SettingsError

K = TypeVar("K", bound=msgspec.Struct)


def read_knobs(table: str, values: Mapping[str, Any], shape: type[K]) -> K:
    """Raises SettingsError for a key that the table has not, or a value that it cannot have."""
    unknown = set(values) - set(shape.__struct_fields__)
    if unknown:
        raise SettingsError(f"[{table}] has no key `{min(unknown)}`.")
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"[{table}] cannot be used: {error}.") from None
