"""`gdpr`: where a driver's token stands, and its erasure."""

from typing import Annotated, Any

import typer

from voltroam.cli.outcome import Exit, Stop, remark, write, write_json, write_table
from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Find and erase what is held of a driver."
)

Uid = Annotated[str, typer.Argument(metavar="TOKEN_UID", help="The uid of the driver's token.")]
Type = Annotated[
    str | None,
    typer.Option("--type", help="Only the token of this type: RFID, APP_USER …; default: all."),
]
TYPES = ("AD_HOC_USER", "APP_USER", "OTHER", "RFID")


@group.command()
def find(context: typer.Context, uid: Uid, type_: Type = None, json: Json = False) -> None:
    """Tell where the token stands in the database. Nothing is changed.

    Example: voltroam -c cpo/voltroam.toml gdpr find 04A1B2C3
    """
    _judge(type_)

    async def work(erasing: Any) -> Any:
        return await erasing.find(uid, type_)

    _show(_done(context, work, None, json), as_json=json)


@group.command()
def erase(
    context: typer.Context,
    uid: Uid,
    type_: Type = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell only what would change.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even where a session runs or its CDR is on its way.")
    ] = False,
    json: Json = False,
) -> None:
    """Erase the token from every table. Amounts, times and ids stay; no partner is told.

    Example: voltroam -c cpo/voltroam.toml gdpr erase 04A1B2C3 --dry-run
    """
    _judge(type_)

    async def work(erasing: Any) -> Any:
        return await erasing.erase(uid, type_, force=force, dry_run=dry_run)

    report = _done(context, work, None if dry_run else "erase_driver", json)
    _show(report, as_json=json)
    if report["pseudonym"] is None or json:
        return
    if report["valid"]:
        remark(
            "A token was still valid: partners that hold it go on accepting it. Next time import it"
            " with valid=false first."
        )
    if not report["scrubbed"]:
        remark("The database was in use, and its file still holds old pages: stop the node and")
        remark("erase once more.")


def _judge(type_: str | None) -> None:
    if type_ is not None and type_ not in TYPES:
        raise typer.BadParameter(f"one of {', '.join(TYPES)}", param_hint="--type")


def _done(context: typer.Context, work: Any, audited: str | None, as_json: bool) -> dict[str, Any]:
    import msgspec

    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.delivery.erasing import Erasing
    from voltroam.holdings import micros
    from voltroam.operator.audit import Audit
    from voltroam.operator.keys import LOCAL
    from voltroam.standard.errors import CallerError

    async def opened(holdings: Holdings) -> dict[str, Any]:
        try:
            report = await work(Erasing(holdings.store, holdings.vault))
        except CallerError as refused:
            raise Stop(f"{refused.message}.", Exit.FAILED) from None
        if audited is not None and report.pseudonym is not None:
            target = f"/gdpr/{report.pseudonym}"
            await Audit(holdings.store, micros).note(LOCAL, audited, target, 200)
        plain: dict[str, Any] = msgspec.to_builtins(report)
        return plain

    return with_holdings(context, opened, as_json=as_json)


def _show(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        write_json(report)
        return
    if not report["found"]:
        write("It stands nowhere.")
        return
    write_table(("kind", "records"), report["found"].items())
    if report["pseudonym"] is not None:
        write(f"In its place stands {report['pseudonym']}.")
    if report["kept"]:
        remark(f"{len(report['kept'])} ids hold the uid themselves; ids stay.")
