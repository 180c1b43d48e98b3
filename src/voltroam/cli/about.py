"""What a partner is, in words for people and programs."""

from typing import Any

import msgspec

from voltroam.cli.outcome import Exit, Stop
from voltroam.roaming.platforms import Platform, Profile


def roles(platform: Platform) -> list[str]:
    """`NL/ABC/CPO`, the spelling of --party."""
    return [f"{role.country_code}/{role.party_id}/{role.role.value}" for role in platform.roles]


def facts(platform: Platform) -> dict[str, Any]:
    return {
        "name": platform.name,
        "status": platform.status.value,
        "version": platform.version,
        "roles": roles(platform),
        "paused": platform.paused,
        "phase": platform.phase.value,
        "reason": platform.reason,
    }


def profile_facts(profile: Profile) -> dict[str, Any]:
    return msgspec.structs.asdict(profile)


def deviations(profile: Profile) -> list[tuple[str, Any]]:
    """Only where a partner's profile is not that of every partner."""
    usual = profile_facts(Profile())
    return [(key, it) for key, it in profile_facts(profile).items() if it != usual[key]]


def changed_profile(before: Profile, changes: list[str]) -> Profile:
    """A profile with `key=value` changes. Raises Stop with the key that is wrong."""
    values = profile_facts(before)
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or key not in values:
            known = ", ".join(values)
            raise Stop(f"`{change}` is no change of a profile; the keys are {known}.", Exit.USAGE)
        values[key] = _value(text, listed=isinstance(values[key], tuple))
    try:
        return msgspec.convert(values, Profile, strict=False)
    except msgspec.ValidationError as error:
        raise Stop(f"The profile cannot be that: {error}.", Exit.USAGE) from None


def _value(text: str, *, listed: bool) -> str | list[str] | None:
    """Lists are written `a,b`; nothing, or `none`, empties a value."""
    empty = text in ("", "none")
    if listed:
        return [] if empty else text.split(",")
    return None if empty else text
