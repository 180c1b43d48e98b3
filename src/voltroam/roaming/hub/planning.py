"""Parties that a platform will bring once it registers: others are told that they are PLANNED."""

from collections.abc import Iterable, Sequence

from msgspec import structs

from voltroam.roaming.directory import Directory
from voltroam.roaming.hub.agreements import ANY, Side
from voltroam.roaming.platforms import Identity, Phase, Platform, Status
from voltroam.standard.errors import CallerError
from voltroam.standard.v2_2_1 import BusinessDetails, CredentialsRole, Role


def planned_roles(
    identity: Identity, name: str, parties: Iterable[str]
) -> Sequence[CredentialsRole]:
    """From `NL/ABC/CPO`. CallerError for what is no such party, or if we are no hub."""
    roles = [_role(name, text) for text in dict.fromkeys(parties)]
    if roles and not identity.is_hub:
        raise CallerError("only a hub tells its partners which parties are planned")
    return tuple(roles)


async def plan(directory: Directory, platform_id: str, roles: Sequence[CredentialsRole]) -> None:
    """No effect on one that is registered: its own roles count."""
    if roles:
        planned = tuple(roles)
        await directory.update(platform_id, lambda held: structs.replace(held, planned=planned))


def told_of(platform: Platform) -> tuple[Sequence[CredentialsRole], Status]:
    """The parties that others are told of, and the status that they have with their platform.

    One that left is remembered as SUSPENDED.
    """
    if platform.is_registered:
        return platform.roles, platform.status
    if platform.phase is Phase.REMOVED:
        return platform.roles, Status.SUSPENDED
    return platform.planned, Status.PLANNED


def _role(name: str, text: str) -> CredentialsRole:
    side = Side.read(text)
    if ANY in (side.country, side.party, side.role):
        raise CallerError(f"`{text}` is no party in a role: write CC/PID/ROLE")
    if side.role == Role.HUB.value:
        raise CallerError(f"`{text}`: hubs are not among the parties that are told of")
    return CredentialsRole(
        role=Role(side.role), business_details=BusinessDetails(name=name.strip()),
        party_id=side.party, country_code=side.country,
    )  # fmt: skip
