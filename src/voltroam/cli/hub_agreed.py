"""What `hub agreements` does. Each change is in the audit, and obeyed within a second."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from msgspec import structs

from voltroam.cli.connected import Holdings, HubSight, with_hub
from voltroam.cli.noted import noted
from voltroam.cli.outcome import Exit, Stop, remark, write, write_json, write_table
from voltroam.holdings import micros
from voltroam.roaming.hub.agreement_sheet import LineProblem, checked, read_moment, read_sheet
from voltroam.roaming.hub.agreements import Agreement, Side
from voltroam.roaming.hub.book import Plan
from voltroam.wire.times import format_datetime, from_micros

WORDS_AT = ("hub", "agreements")
COLUMNS = ("id", "one", "other", "modules", "allows", "since", "until", "suspended", "counts")


@dataclass(frozen=True, slots=True)
class Terms:
    """As they stand on the command line."""

    id: str
    one: str
    other: str
    modules: tuple[str, ...]
    allows: bool
    since: str
    until: str
    note: str


def list_all(context: typer.Context, *, json: bool) -> None:
    async def work(sight: HubSight, _holdings: Holdings) -> list[dict[str, Any]]:
        return [_shown(it) for it in await sight.book.all()]

    found = with_hub(context, work, as_json=json)
    if json:
        write_json(found)
    elif found:
        write_table(
            COLUMNS,
            ([it[name] or ("all" if name == "modules" else it[name]) for name in COLUMNS]
             for it in found),
        )  # fmt: skip
    else:
        write("There are no agreements: `[hub] default` in the settings decides.")


def keep(context: typer.Context, terms: Terms, *, json: bool) -> None:
    async def work(sight: HubSight, holdings: Holdings) -> dict[str, Any]:
        wanted = checked(
            Agreement(
                id=terms.id,
                one=Side.read(terms.one),
                other=Side.read(terms.other),
                modules=tuple(dict.fromkeys(terms.modules)),
                allows=terms.allows,
                since=read_moment(terms.since),
                until=read_moment(terms.until),
                note=terms.note,
            ),
            sight.modules,
        )
        plan = await sight.book.plan([wanted], whole=False)
        status = 201 if plan.added else 200
        async with noted(holdings.store, "put_agreement", *WORDS_AT, wanted.id, status=status):
            await sight.book.carry_out(plan)
        return _shown(wanted)

    _tell(with_hub(context, work, as_json=json), "is kept", json=json)


def end(context: typer.Context, id_: str, *, json: bool) -> None:
    """Exit 1 if there is none with that id."""

    async def work(sight: HubSight, holdings: Holdings) -> dict[str, Any]:
        async with noted(holdings.store, "delete_agreement", *WORDS_AT, id_, status=204):
            await sight.book.remove(id_)
        return {"id": id_, "removed": True}

    _tell(with_hub(context, work, as_json=json), "is removed", json=json)


def move(context: typer.Context, id_: str, *, suspended: bool, json: bool) -> None:
    """Exit 1 if there is none with that id."""
    word = "suspend" if suspended else "resume"

    async def work(sight: HubSight, holdings: Holdings) -> dict[str, Any]:
        async with noted(holdings.store, f"{word}_agreement", *WORDS_AT, id_, word):
            return _shown(await sight.book.suspend(id_, suspended=suspended))

    done = with_hub(context, work, as_json=json)
    _tell(done, "is suspended" if suspended else "counts again", json=json)


def read_in(context: typer.Context, file: Path, *, whole: bool, dry_run: bool, json: bool) -> None:
    """Exit 1 if a line cannot be used: then nothing is written."""
    text = _text(file)

    async def work(sight: HubSight, holdings: Holdings) -> tuple[Plan, tuple[LineProblem, ...]]:
        sheet = read_sheet(text, sight.modules)
        plan = await sight.book.plan(sheet.agreements, whole=whole)
        if not sheet.problems and not dry_run:
            async with noted(holdings.store, "import_agreements", "hub", "import-agreements"):
                await sight.book.carry_out(plan)
        return plan, sheet.problems

    plan, problems = with_hub(context, work, as_json=json)
    if json:
        write_json(
            {
                "added": [it.id for it in plan.added],
                "changed": [it.id for it in plan.changed],
                "removed": [] if problems else list(plan.removed),
                "unchanged": plan.unchanged,
                "problems": [structs.asdict(it) for it in problems],
                "written": not problems and not dry_run,
            }
        )
    else:
        _tell_import(plan, problems, dry_run=dry_run)
    if problems:
        raise typer.Exit(int(Exit.FAILED))


def _tell_import(plan: Plan, problems: tuple[LineProblem, ...], *, dry_run: bool) -> None:
    for problem in problems:
        remark(f"line {problem.line}: {problem.message}")
    if problems:
        remark(f"{len(problems)} lines cannot be used; nothing was written.")
        return
    counts = (
        f"{len(plan.added)} new, {len(plan.changed)} changed, {len(plan.removed)} removed,"
        f" {plan.unchanged} as they were"
    )
    write(f"{counts}{'; nothing was written' if dry_run else ''}.")


def _tell(done: dict[str, Any], what: str, *, json: bool) -> None:
    if json:
        write_json(done)
    else:
        write(f"{done['id']} {what}.")


def _text(file: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Stop(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Stop(f"{file} is no UTF-8 text.", Exit.USAGE) from None


def _shown(it: Agreement) -> dict[str, Any]:
    return {
        "id": it.id,
        "one": str(it.one),
        "other": str(it.other),
        "modules": list(it.modules),
        "allows": it.allows,
        "since": _moment(it.since),
        "until": _moment(it.until),
        "suspended": it.suspended,
        "note": it.note,
        "counts": it.counts(micros()),
    }


def _moment(at: int | None) -> str | None:
    return None if at is None else format_datetime(from_micros(at))
