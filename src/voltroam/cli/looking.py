"""What delivery noted about partners, in words for people: moments as text, CDRs beside objects."""

from typing import Any

from voltroam.delivery.operators import Operators
from voltroam.delivery.quarantine import Quarantine
from voltroam.delivery.records import CdrState
from voltroam.holdings import Holdings, micros
from voltroam.roaming.platforms import Platform
from voltroam.store.interface import ObjectKey
from voltroam.wire.times import format_datetime, from_micros

MOMENTS = frozenset({"at", "later", "last", "full"})
STUCK = frozenset({CdrState.REFUSED.value, CdrState.NEEDS_PERSON.value})


def operators(holdings: Holdings) -> Operators:
    return Operators(holdings.store, holdings.directory, micros)


def quarantine(holdings: Holdings) -> Quarantine:
    return Quarantine(holdings.store, holdings.directory, holdings.identity, holdings.table, micros)


def spelled(value: Any) -> Any:
    """Times in microseconds as OCPI writes them, at any depth."""
    if isinstance(value, list):
        return [spelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _moment(item) if name in MOMENTS and isinstance(item, int) else spelled(item)
        for name, item in value.items()
    }


def dated(found: dict[str, Any]) -> dict[str, Any]:
    """The same for one object in quarantine; its document stays as it is."""
    return found | {"at": _moment(found["at"])}


def cdr_key(name: str) -> ObjectKey:
    """The key of a CDR as the ledger spells it: `cdrs/NL/AAA/ID`."""
    kind, country, party, identifier = name.split("/", 3)
    return ObjectKey(kind, f"{country}/{party}", identifier)


def _moment(at: int) -> str:
    return format_datetime(from_micros(at))


def decision(question: dict[str, Any]) -> str:
    """What to do about an open question."""
    name, module = question["partner"], question["module"]
    return (
        f"{question['vanished']} of {question['held']} {module} that {name} listed before are in"
        f" its list no more, and were kept. If they are gone for good, run"
        f" `voltroam pull {module} --partner {name} --full --force`; if not, ask {name}:"
        " the question closes when its list is complete again."
    )


async def questions(holdings: Holdings, platform: Platform) -> list[dict[str, Any]]:
    """What waits for an operator's decision about one partner, with the sentence what to do."""
    found = await operators(holdings).questions(platform)
    return [
        {
            "module": one["module"],
            "at": _moment(one["at"]),
            "vanished": one["vanished"],
            "held": one["held"],
            "ids": one.get("ids", []),
            "decide": decision(one),
        }
        for one in found
    ]


async def parked(holdings: Holdings, platform: Platform) -> list[dict[str, Any]]:
    """Objects that the partner does not take, and CDRs that wait for a person."""
    asked = operators(holdings)
    found = await asked.parked(platform)
    for cdr in await asked.cdrs(platform):
        if cdr["state"] in STUCK:
            found.append(cdr | {"attempts": cdr["sends"], "http": None, "later": None})
    plain: list[dict[str, Any]] = spelled(found)
    return plain


async def retry(holdings: Holdings, platform: Platform) -> int:
    """Send again all that `parked` lists; a running node does within a second. How many."""
    asked = operators(holdings)
    count = await asked.retry_parked(platform)
    for cdr in await asked.cdrs(platform):
        if cdr["state"] in STUCK and await asked.retry_cdr(cdr_key(cdr["object"])):
            count += 1
    return count
