"""voltroam: an OCPI platform as a library and as a service.

`voltroam.v2_2_1` holds the objects of the standard. The names below come from inside on first use,
so that `import voltroam` costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "AuthorizationDecision": "voltroam.roaming.host",
    "AuthorizationQuestion": "voltroam.roaming.host",
    "Host": "voltroam.roaming.host",
    "Node": "voltroam.node",
    "Order": "voltroam.roaming.host",
    "Outcome": "voltroam.roaming.host",
    "Reading": "voltroam.roaming.host",
    "Unattended": "voltroam.roaming.host",
    "may_show": "voltroam.roaming.visibility",
    "open_node": "voltroam.embedding",
    "read": "voltroam.wire.decode",
}

__all__ = [
    "AuthorizationDecision",
    "AuthorizationQuestion",
    "Host",
    "Node",
    "Order",
    "Outcome",
    "Reading",
    "Unattended",
    "__version__",
    "may_show",
    "open_node",
    "read",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module `voltroam` has no attribute `{name}`")
    return getattr(import_module(home), name)
