"""What `tariff visible` does."""

from typing import Any

import typer

from voltroam.cli.held import Holdings, with_holdings
from voltroam.cli.noted import noted
from voltroam.cli.outcome import Exit, Stop, write, write_json, write_table
from voltroam.holdings import micros
from voltroam.roaming.narrowing import Narrowed, Narrowing, parties_named
from voltroam.standard.endpoints import TARIFF
from voltroam.standard.parties import PartyId


def show(
    context: typer.Context, tariff: str, to: list[str], *, to_all: bool, party: str | None,
    json: bool,
) -> None:  # fmt: skip
    """Exit 2 for both --to and --to-all, 1 for a partner that is not there."""

    async def work(holdings: Holdings) -> Narrowed:
        if to and to_all:
            raise Stop("Either --to some partners or --to-all.", Exit.USAGE)
        owner = _owner(holdings, party)
        async with noted(holdings.store, "show_tariff", "tariffs", *owner, tariff, "visibility"):
            parties = None if to_all else await parties_named(holdings.directory, to)
            return await _narrowing(holdings).show(TARIFF, owner, tariff, parties)

    done = with_holdings(context, work, as_json=json)
    if json:
        write_json(
            {"tariff": tariff, "owner": done.key.owner, "parties": done.parties,
             "held": done.held, "locations": done.shown_anew}
        )  # fmt: skip
        return
    write(_said(tariff, done.parties))
    if done.shown_anew:
        write(f"{done.shown_anew} locations that name it are sent again.")
    if not done.held:
        write("There is no such tariff yet: it will be so when it is imported.")


def tell(context: typer.Context, tariff: str, party: str | None, *, json: bool) -> None:
    """Who sees one tariff."""

    async def work(holdings: Holdings) -> tuple[str, tuple[str, ...] | None]:
        owner = _owner(holdings, party)
        return owner.folded, await _narrowing(holdings).parties(TARIFF, owner, tariff)

    owner, parties = with_holdings(context, work, as_json=json)
    if json:
        write_json({"tariff": tariff, "owner": owner, "parties": parties})
    else:
        write(_said(tariff, parties))


def list_all(context: typer.Context, *, json: bool) -> None:
    """All tariffs that some partners only see."""

    async def work(holdings: Holdings) -> list[dict[str, Any]]:
        return [
            {"tariff": mark.key.id, "owner": mark.key.owner, "parties": mark.parties}
            for mark in await _narrowing(holdings).all()
        ]

    found = with_holdings(context, work, as_json=json)
    if json:
        write_json(found)
    elif found:
        rows = [(it["owner"], it["tariff"], ", ".join(it["parties"])) for it in found]
        write_table(("owner", "tariff", "only for"), rows)
    else:
        write("All tariffs are for all partners.")


def _said(tariff: str, parties: tuple[str, ...] | None) -> str:
    who = "all partners see it" if parties is None else f"only {', '.join(parties)} see it"
    return f"{tariff}: {who}."


def _narrowing(holdings: Holdings) -> Narrowing:
    return Narrowing(holdings.store, holdings.identity, holdings.table, now=micros)


def _owner(holdings: Holdings, party: str | None) -> PartyId:
    if party is None:
        return holdings.one_of_us(TARIFF)
    country, slash, code = party.partition("/")
    if not slash or not country or not code:
        raise Stop(f"`{party}` is no party: write CC/PID, for example NL/ABC", Exit.USAGE)
    return PartyId(country, code)
