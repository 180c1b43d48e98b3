"""What `trace` and `hub parties|routes|health` do."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import typer
from msgspec import structs

from voltroam.cli.connected import Holdings, HubSight, party, with_hub
from voltroam.cli.outcome import Exit, Stop, write, write_facts, write_json, write_table
from voltroam.delivery.hub_sight import HealthSeen, PartySeen
from voltroam.delivery.standing import Standing
from voltroam.roaming.hub.trace import Hop, decided
from voltroam.wire.times import format_datetime, from_micros

HUB, NOBODY, BROADCAST = "hub", "nobody", "broadcast"


def show_trace(context: typer.Context, id_: str | None, limit: int, *, json: bool) -> None:
    """Exit 1 for a correlation id of which nothing is kept."""

    async def work(sight: HubSight, _holdings: Holdings) -> list[dict[str, Any]]:
        hops = await (sight.trace.newest(limit) if id_ is None else sight.trace.of(id_))
        if id_ is not None and not hops:
            raise Stop(f"Nothing is kept of {id_}: it never came here, or its time is over.")
        names = await sight.platform_names()
        found = [_hop(hop, names.get(hop.caller, hop.caller), names) for hop in hops]
        if id_ is not None:
            for hop, told in zip(hops, found, strict=True):
                told["copies"] = _copies(await sight.receivers(hop))
        return found

    found = with_hub(context, work, as_json=json)
    if json:
        write_json(found)
        return
    if id_ is None:
        columns = ("at", "correlation_id", "caller", "call", "decision", "partner", "code", "ms")
        write_table(columns, ([hop[column] for column in columns] for hop in found))
        return
    for hop in found:
        to = f" → {hop['receiver']} ({hop['partner']})" if hop["receiver"] else ""
        write_facts(
            f"{hop['at']}  {hop['caller']}: {hop['call']}{to}",
            [(name, hop[name]) for name in _DETAILS if hop[name] not in (None, ())],
        )
        if hop["copies"] is None and hop["decision"] == BROADCAST:
            write("  something newer of the object has taken its place since")
        if hop["copies"]:
            write_table(_COPY, ([copy[column] for column in _COPY] for copy in hop["copies"]))


_DETAILS = (
    "decision", "row", "reason", "sender", "to", "http", "code", "ms", "there_ms", "fault",
    "bridged", "notes", "request_id", "asked", "answered",
)  # fmt: skip


_COPY = ("partner", "state", "http", "code", "reason")


def _copies(found: list[Standing] | None) -> list[dict[str, Any]] | None:
    if found is None:
        return None
    return [
        {"partner": it.platform.name, "state": it.state, "http": it.http, "code": it.code,
         "reason": it.reason}
        for it in found
    ]  # fmt: skip


def _hop(hop: Hop, caller: str, names: Any) -> dict[str, Any]:
    found = structs.asdict(hop)
    platform, _ = found.pop("platform"), found.pop("change")
    return found | {
        "at": _moment(hop.at),
        "caller": caller,
        "decision": decided(hop),
        "partner": None if platform is None else names.get(platform, platform),
    }


def show_parties(context: typer.Context, *, json: bool) -> None:
    async def work(sight: HubSight, _holdings: Holdings) -> list[dict[str, Any]]:
        return [_party(seen) for seen in await sight.parties()]

    found = with_hub(context, work, as_json=json)
    if json:
        write_json(found)
        return
    write_table(
        ("party", "role", "partner", "status", "behind", "fresh"),
        (
            (it["party"], it["role"], it["partner"], it["status"], it["behind"], _newest(it))
            for it in found
        ),
    )


def _party(seen: PartySeen) -> dict[str, Any]:
    return {
        "party": str(seen.party),
        "role": seen.role,
        "partner": seen.platform,
        "status": seen.status,
        "behind": None if seen.behind is None else str(seen.behind),
        "offers": list(seen.offers),
        "fresh": {
            name: {"pushed": _moment(at.pushed), "pulled": _moment(at.pulled)}
            for name, at in seen.fresh.items()
        },
    }


def _newest(found: dict[str, Any]) -> list[str]:
    """`locations 2026-11-22T12:00:00Z`: when we last heard of it, by push or pull."""
    return [
        f"{name} {max(moment for moment in at.values() if moment)}"
        for name, at in found["fresh"].items()
        if any(at.values())
    ]


def show_routes(
    context: typer.Context,
    sender: str,
    to: str | None,
    module: str | None,
    about: Sequence[str],
    *,
    json: bool,
) -> None:
    things = dict(_thing(text) for text in about)
    named = to or (NOBODY if things else HUB)

    async def work(sight: HubSight, holdings: Holdings) -> list[dict[str, Any]]:
        hub = holdings.identity.parties()[0]
        receiver = hub if named == HUB else None if named == NOBODY else party(named)
        found = await sight.routes(party(sender), receiver, module=module, about=things)
        return [asdict(one) for one in found]

    found = with_hub(context, work, as_json=json)
    if json:
        write_json(found)
        return
    if not found:
        raise Stop(f"{sender} has no role that makes such a call.")
    columns = ("call", "decision", "code", "platform", "row", "reason", "agreement")
    write_table(columns, ([one[column] for column in columns] for one in found))


def _thing(text: str) -> tuple[str, str]:
    kind, equals, id_ = text.partition("=")
    if not equals or not id_:
        raise Stop(f"`{text}`: write what it is about as KIND=ID, `session=S1`.", Exit.USAGE)
    return kind, id_


def show_health(context: typer.Context, minutes: int, *, json: bool) -> None:
    async def work(sight: HubSight, _holdings: Holdings) -> list[dict[str, Any]]:
        return [_health(seen) for seen in await sight.health(within=60.0 * minutes)]

    found = with_hub(context, work, as_json=json)
    if json:
        write_json(found)
        return
    write_table(
        ("partner", "status", "score", "available", "errors", "p95", "calls", "lag", "oldest"),
        (
            (
                it["partner"], it["status"], it["score"], _percent(it["availability"]),
                _percent(it["error_rate"]), _seconds(it["p95"]), it["calls"], it["lag"],
                _seconds(it["oldest"]),
            )
            for it in found
        ),
    )  # fmt: skip


_UNKNOWN = dict.fromkeys(("availability", "error_rate", "p95", "calls", "oldest", "score"))


def _health(seen: HealthSeen) -> dict[str, Any]:
    known = _UNKNOWN if seen.health is None else asdict(seen.health)
    return {"partner": seen.platform.name, "status": seen.platform.status.value, "lag": seen.lag,
            **known}  # fmt: skip


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.1f} %"


def _seconds(time: float | None) -> str | None:
    return None if time is None else f"{time:.3f} s" if time < 10 else f"{time:.0f} s"


def _moment(at: int | None) -> str | None:
    return None if at is None else format_datetime(from_micros(at))
