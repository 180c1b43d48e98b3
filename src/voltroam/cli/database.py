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

    def done() -> None:
        asyncio.run(migrations.migrate(settings_of(context).database))

    guarded(done, as_json=json)
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

    def done() -> int:
        if file.exists():
            raise Stop(f"{file} exists already; choose another name.", Exit.USAGE)
        asyncio.run(migrations.backup(settings_of(context).database, file))
        file.chmod(0o600)
        return file.stat().st_size

    size = guarded(done, as_json=json)
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
    from voltroam.cli.noted import noted
    from voltroam.store import migrations
    from voltroam.store.open import open_store

    async def work(database: str) -> None:
        await migrations.restore(database, file)
        store = await open_store(database)
        try:
            async with noted(store, "restore_database", "database", file.name):
                pass
        finally:
            await store.close()

    guarded(lambda: asyncio.run(work(settings_of(context).database)), as_json=json)
    if json:
        write_json({"restored": str(file)})
        return
    write(f"The database is that of {file}; start the node and it converges with its partners.")
