"""`db`: the database itself."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from voltroam.cli.outcome import Exit, Stop, write, write_json, write_table
from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json, guarded, settings_of

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Migrate, check, back up and restore the database."
)


@group.command()
def migrate(context: typer.Context, json: Json = False) -> None:
    """Bring the database to the schema of this release; safe to repeat.

    Example: voltroam -c cpo/voltroam.toml db migrate
    """
    from voltroam.store import migrations
    from voltroam.store.schema import NEWEST

    async def work(database: str) -> None:
        await migrations.migrate(database)
        await _note(database, "migrate_database", f"schema {NEWEST}")

    guarded(lambda: asyncio.run(work(settings_of(context).database)), as_json=json)
    if json:
        write_json({"migrated": True})
        return
    write("The database has the schema of this release.")


@group.command()
def check(context: typer.Context, json: Json = False) -> None:
    """Check the schema and the consistency of counts, feed and objects.

    Example: voltroam -c cpo/voltroam.toml db check --json
    """
    from voltroam.store import migrations

    health = guarded(
        lambda: asyncio.run(migrations.check(settings_of(context).database)), as_json=json
    )
    if json:
        write_json({"ok": health.ok, "details": dict(health.details)})
    else:
        write_table(("what", "is"), [("ok", health.ok), *health.details.items()])
    if not health.ok:
        raise typer.Exit(int(Exit.SETUP))


@group.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The backup; it must not exist yet.")],
    json: Json = False,
) -> None:
    """Write a consistent copy while the node serves; the secret key is not in it.

    Example: voltroam -c cpo/voltroam.toml db backup cpo-monday.backup
    """
    from voltroam.store import migrations

    async def work(database: str) -> int:
        if file.exists():
            raise Stop(f"{file} exists already; choose another name.", Exit.USAGE)
        await migrations.backup(database, file)
        file.chmod(0o600)
        await _note(database, "back_up_database", file.name)
        return file.stat().st_size

    size = guarded(lambda: asyncio.run(work(settings_of(context).database)), as_json=json)
    if json:
        write_json({"file": str(file), "bytes": size})
        return
    write(f"{file} holds the database ({size:,} bytes). Keep secret.key somewhere else.")


@group.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, help="A backup made by `db backup`.")],
    json: Json = False,
) -> None:
    """Replace the database by a backup; stop the node first. All partners are synchronised anew.

    Example: voltroam -c cpo/voltroam.toml db restore cpo-monday.backup
    """
    from voltroam.store import migrations

    async def work(database: str) -> None:
        await migrations.restore(database, file)
        await _note(database, "restore_database", file.name)

    guarded(lambda: asyncio.run(work(settings_of(context).database)), as_json=json)
    if json:
        write_json({"restored": str(file)})
        return
    write(f"The database is that of {file}; start the node and it converges with its partners.")


async def _note(database: str, what: str, about: str) -> None:
    """What was done, in the audit of the database as it is now."""
    from voltroam.cli.noted import noted
    from voltroam.store.open import open_store

    store = await open_store(database)
    try:
        async with noted(store, what, "database", about):
            pass
    finally:
        await store.close()
