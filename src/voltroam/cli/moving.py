"""What `import`, `export` and `pull` do."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import typer

from voltroam.cli.files import read_documents
from voltroam.cli.held import Holdings, with_holdings
from voltroam.cli.load import STATUS_LINES, Report, load
from voltroam.cli.outcome import Exit, Stop, remark, write, write_json, write_table

PIECE = 1 << 16
"""Bytes of an export that are written at once."""
SHOWN = 20
"""Refused objects that are shown to people; --json has all."""


def import_file(
    context: typer.Context, module: str, file: Path, *, lenient: bool, private: bool, json: bool
) -> None:
    """Exit 1 if any object of the file is refused; the others are taken."""

    async def work(holdings: Holdings) -> Report:
        if module != STATUS_LINES:
            _check_module(holdings, module)
        documents = read_documents(file)
        with _Progress(documents.count, quiet=json) as progress:
            return await load(
                holdings, module, documents.pieces, strict=not lenient, private=private,
                progress=progress.show,
            )  # fmt: skip

    report = with_holdings(context, work, as_json=json)
    if json:
        write_json(report.plain())
    else:
        _tell(report)
    if report.refused:
        raise typer.Exit(int(Exit.FAILED))


def _check_module(holdings: Holdings, module: str) -> None:
    if module not in holdings.table.resources:
        known = ", ".join(sorted(holdings.table.resources))
        raise Stop(f"There is no module {module}; it is one of {known}.", Exit.USAGE)


def _tell(report: Report) -> None:
    plain = report.plain()
    write(f"{plain['accepted']} accepted, {len(plain['refused'])} refused")
    for refusal in plain["refused"][:SHOWN]:
        for problem in refusal["problems"]:
            remark(f"  #{refusal['index']} {problem['path']}: {problem['message']}")
    if len(plain["refused"]) > SHOWN:
        remark(f"  … and {len(plain['refused']) - SHOWN} more; --json lists them all")


class _Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, total: int | None, *, quiet: bool) -> None:
        self._total = total
        self._bar: Any = None
        self._quiet = quiet or not sys.stderr.isatty()

    def __enter__(self) -> "_Progress":
        if not self._quiet:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("import", total=self._total)
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
    context: typer.Context, module: str, partner: str, *, full: bool, json: bool
) -> None:
    """Pull one list of one partner now."""
    from voltroam.cli.joined import Node, with_node

    async def work(node: Node) -> dict[str, int]:
        _check_module(node.holdings, module)
        platform = await node.holdings.partner(partner)
        report = await node.delivery.pull(platform, module, full=full)
        return {"received": report.received, "refused": report.refused}

    done = with_node(context, work, as_json=json)
    if json:
        write_json(done)
        return
    write(f"{done['received']} received, {done['refused']} refused")
