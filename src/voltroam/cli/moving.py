"""What `import`, `export` and `pull` do."""

import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
import typer

from voltroam.cli.files import read_documents
from voltroam.cli.held import Holdings, with_holdings
from voltroam.cli.load import STATUS_LINES, Report, load
from voltroam.cli.noted import noted
from voltroam.cli.outcome import Exit, Stop, remark, write, write_json, write_table
from voltroam.holdings import micros
from voltroam.standard.endpoints import Removal
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import VERSIONS, Version

PIECE = 1 << 16
"""Bytes of an export that are written at once."""
SHOWN = 20
"""Kinds of problems that are shown to people; --json has all."""
NUMBERED = 5
"""Objects that are named beside each."""
SEVERITIES = ("fatal", "error", "warning")
ANY_INDEX = re.compile(r"\[\d+\]")


def import_file(
    context: typer.Context,
    module: str,
    file: Path,
    *,
    lenient: bool,
    private: bool,
    version: str | None,
    json: bool,
) -> None:
    """Exit 1 if any object of the file is refused; the others are taken."""

    async def work(holdings: Holdings) -> Report:
        if module != STATUS_LINES:
            _check_module(holdings, module)
        spoken = _version(version)
        documents = read_documents(file)
        async with _noted_import(holdings, module):
            with _Progress("import", documents.count, quiet=json) as progress:
                return await load(
                    holdings, module, documents.pieces, strict=not lenient, private=private,
                    version=spoken, progress=progress.show,
                )  # fmt: skip

    report = with_holdings(context, work, as_json=json)
    if json:
        write_json(report.plain())
    else:
        _tell(report)
    if report.refused:
        raise typer.Exit(int(Exit.FAILED))


def _version(number: str | None) -> Version | None:
    if number is None:
        return None
    found = VERSIONS.get(number)
    if found is None:
        raise typer.BadParameter(f"{number} is none of {', '.join(VERSIONS)}")
    return found


def _noted_import(holdings: Holdings, module: str) -> AbstractAsyncContextManager[None]:
    """What chargers report is no act: lines of status are not noted."""
    if module == STATUS_LINES:
        return nullcontext()
    return noted(holdings.store, f"put_{module}", module)


def withdraw_object(
    context: typer.Context, module: str, identifier: str, party: str | None, *, json: bool
) -> None:
    """Exit 1 if there is no such object, or it is not one that may be deleted."""
    owner = _party(party)

    async def work(holdings: Holdings) -> None:
        _check_module(holdings, module)
        resource = holdings.table.resources[module]
        if resource.removal is not Removal.DELETE:
            await holdings.withdraw(module, identifier, owner)  # which says why it cannot be
        party = owner or holdings.one_of_us(resource)
        what = f"withdraw_{module.removesuffix('s')}"
        named = None if resource.key[0] in resource.secrets else identifier
        async with noted(holdings.store, what, module, *party, named, status=204):
            await holdings.withdraw(module, identifier, party)

    with_holdings(context, work, as_json=json)
    if json:
        write_json({"module": module, "id": identifier})
    else:
        write(f"{module}/{identifier} is withdrawn; partners that hold it are told.")


def _party(text: str | None) -> PartyId | None:
    if text is None:
        return None
    country, slash, party = text.partition("/")
    if not slash or not country or not party:
        raise Stop(f"`{text}` is no party: write CC/PID, for example NL/ABC", Exit.USAGE)
    return PartyId(country, party)


def _check_module(holdings: Holdings, module: str) -> None:
    if module not in holdings.table.resources:
        known = ", ".join(sorted(holdings.table.resources))
        raise Stop(f"There is no module {module}; it is one of {known}.", Exit.USAGE)


def _tell(report: Report) -> None:
    plain = report.plain()
    write(f"{plain['accepted']} accepted, {len(plain['refused'])} refused")
    for line in problem_lines(plain["refused"]):
        write(f"  {line}")


def problem_lines(refused: list[dict[str, Any]]) -> Iterator[str]:
    """Each kind of problem once, with its objects: the worst first, then in order of the file."""
    groups: dict[tuple[int, str, str], dict[int, None]] = {}
    for refusal in refused:
        for problem in refusal["problems"]:
            severity, path = problem["severity"], ANY_INDEX.sub("[…]", problem["path"])
            key = SEVERITIES.index(severity), f"{severity} {path}", problem["message"]
            groups.setdefault(key, {})[refusal["index"]] = None
    kinds = sorted(groups.items(), key=lambda group: (group[0][0], min(group[1])))
    for (_, where, message), indexes in kinds[:SHOWN]:
        yield f"{_numbers(list(indexes))}  {where}: {message}"
    if len(kinds) > SHOWN:
        yield f"… and {len(kinds) - SHOWN} more (use --json for all)"


def _numbers(indexes: list[int]) -> str:
    named = ", ".join(f"#{index}" for index in indexes[:NUMBERED])
    more = len(indexes) - NUMBERED
    return f"{named} and {more} more" if more > 0 else named


class _Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, what: str, total: int | None, *, quiet: bool) -> None:
        self._what = what
        self._total = total
        self._bar: Any = None
        self._quiet = quiet or not sys.stderr.isatty()

    def __enter__(self) -> "_Progress":
        if not self._quiet:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=self._total)
        return self

    def show(self, done: int) -> None:
        if self._bar is not None and done % 64 == 0:
            self._bar.update(self._task, completed=done)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def export_all(context: typer.Context, module: str, *, json: bool) -> None:
    """Objects held, as NDJSON or as a table."""

    async def work(holdings: Holdings) -> None:
        _check_module(holdings, module)
        if json:
            await _lines(holdings, module)
            return
        rows = [
            (row.key.owner, row.key.id.replace("\x1f", " "), row.version, len(row.document),
             "own" if not row.sources else "received")
            async for row in holdings.store.scan(module)
        ]  # fmt: skip
        write_table(("owner", "id", "version", "bytes", "from"), rows)

    try:
        with_holdings(context, work, as_json=False)
    except BrokenPipeError:
        sys.stderr.close()


async def _lines(holdings: Holdings, module: str) -> None:
    """Documents as they are held, each on one line, in pieces that a pipe likes."""
    out = sys.stdout.buffer
    pending = bytearray()
    async for line in _documents(holdings, module):
        pending += line
        pending += b"\n"
        if len(pending) > PIECE:
            out.write(pending)
            pending.clear()
    out.write(pending)
    out.flush()


async def _documents(holdings: Holdings, module: str) -> AsyncIterator[bytes]:
    async for row in holdings.store.scan(module):
        document = row.document
        if b"\n" in document or b"\r" in document:
            document = msgspec.json.format(document, indent=-1)
        yield document


def pull_module(
    context: typer.Context, module: str, partner: str, *, full: bool, force: bool, json: bool
) -> None:
    """Pull one list of one partner now."""
    from voltroam.cli.joined import Calling, with_calling
    from voltroam.cli.looking import decision, operators
    from voltroam.delivery.pulling import Pulling
    from voltroam.delivery.sync import PullReport

    async def work(node: Calling) -> PullReport:
        held = node.holdings
        _check_module(held, module)
        if force and not full:
            raise Stop("Only a full pull finds what vanished: add --full to --force.", Exit.USAGE)
        platform = await held.partner(partner)
        pulling = Pulling(
            held.store, held.directory, node.exchange, held.identity, held.table, now=micros
        )
        async with noted(held.store, "pull_from_partner", "partners", platform.name, "pull"):
            with _Progress("pull", None, quiet=json) as progress:
                report = await pulling.pull(
                    platform, module, full=full, force=force,
                    progress=lambda so_far: progress.show(so_far.received),
                )  # fmt: skip
        if report.questioned:
            for question in await operators(held).questions(platform):
                remark(decision(question))
        return report

    report = with_calling(context, work, as_json=json)
    if json:
        write_json({"received": report.received, "refused": report.refused})
        return
    write(
        f"{report.received} received ({report.changed} new or changed), {report.refused} refused"
        + (f", {report.removed} gone" if report.removed else "")
    )
