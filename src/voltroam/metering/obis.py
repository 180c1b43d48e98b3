"""Which registers may be billed, by their OBIS code as OCMF writes it."""

import re
from functools import lru_cache

_CODE = re.compile(
    r"(?P<a>[0-9a-f]{1,2})-(?P<b>[0-9a-z]{1,2}):(?P<c>[0-9a-f]{1,2})\.(?P<d>[0-9a-f]{1,2})"
    r"\.(?P<e>[0-9a-f]{1,2})(?:[*.](?P<f>[0-9a-f]{1,3}))?"
)
_BILLED = {0x01, 0x98, 0x9E, *range(0xB0, 0xC8)}
_COMPENSATED = {0x98, 0xB1, 0xB3, 0xC1, 0xC3}
ENERGY = 8


@lru_cache(maxsize=256)
def group_c(code: str) -> int | None:
    """Group C of an active-energy register (`1-0:1.8.0` → 1); None for other quantities."""
    match = _CODE.fullmatch(code.strip().casefold())
    if match is None or int(match["a"], 16) != 1 or int(match["d"], 16) != ENERGY:
        return None
    return int(match["c"], 16)


def billed(code: str) -> bool:
    """Whether the register is in the billing set (import, or OCMF's own B0..C7)."""
    return group_c(code) in _BILLED


def compensated(code: str) -> bool:
    """Whether the register counts what reached the vehicle, cable loss taken off."""
    return group_c(code) in _COMPENSATED
