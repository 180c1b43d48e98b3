"""Which handlers the interactive half of a node has, without loading it.

What a node tells its partners of itself depends on their names, also in a command that only
registers and never answers; `live.py` makes the handlers themselves.
"""

from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.serving import Answering
from voltroam.standard.endpoints import Table
from voltroam.standard.status import StatusCode
from voltroam.standard.v2_2_1 import Role
from voltroam.wire.call import Call, Reply

EVERYWHERE = frozenset(
    {
        "active_charging_profile", "authorize", "charging_preferences", "charging_profile_result",
        "booking_locations", "booking_request", "command", "command_result", "terminal_activate",
        "terminal_deactivate", "terminal_patch", "terminal_put",
    }
)  # fmt: skip
STEERED = frozenset({"charging_profile_clear", "charging_profile_get", "charging_profile_set"})


def interactive(identity: Identity, *, relay: bool) -> frozenset[str]:
    """By the names that the table gives them.

    Charging profiles are taken only where there are chargers, or somebody to pass them on to.
    """
    steered = identity.parties(Role.CPO) or (relay and identity.parties(Role.EMSP))
    return EVERYWHERE | STEERED if steered else EVERYWHERE


def stand_ins(table: Table) -> dict[str, Answering]:
    """For the rows that need a handler: a hub offers them all, and answers none itself."""

    async def passed_on(call: Call, _caller: Platform) -> Reply:
        return Reply(StatusCode.HUB_ERROR, message=f"{call.endpoint.module.name}: name a receiver")

    return {row.handler: passed_on for row in table.rows if row.module.functional and row.handler}
