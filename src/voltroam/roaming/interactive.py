"""Which handlers the interactive half of a node has, without loading it.

What a node tells its partners of itself depends on their names, also in a command that only
registers and never answers; `live.py` makes the handlers themselves.
"""

from voltroam.roaming.platforms import Identity
from voltroam.standard.v2_2_1 import Role

EVERYWHERE = frozenset(
    {
        "active_charging_profile", "authorize", "charging_preferences", "charging_profile_result",
        "command", "command_result",
    }
)  # fmt: skip
STEERED = frozenset({"charging_profile_clear", "charging_profile_get", "charging_profile_set"})


def interactive(identity: Identity, *, relay: bool) -> frozenset[str]:
    """By the names that the table gives them.

    Charging profiles are taken only where there are chargers, or somebody to pass them on to.
    """
    steered = identity.parties(Role.CPO) or (relay and identity.parties(Role.EMSP))
    return EVERYWHERE | STEERED if steered else EVERYWHERE
