"""`init` and `version`."""

import asyncio
import platform
from pathlib import Path
from typing import Annotated

import typer

from voltroam import __version__
from voltroam.cli.outcome import Exit, Stop, write, write_json
from voltroam.cli.run import Json, guarded


def add_to(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(version)


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the new node.")],
    party: Annotated[
        list[str], typer.Option(help="CC/PID/ROLE, e.g. NL/ABC/CPO; repeat for several roles.")
    ],
    name: Annotated[str, typer.Option(help="Name of the company, as partners see it.")],
    url: Annotated[str, typer.Option(help="Public base URL, e.g. https://ocpi.example.com.")],
    db: Annotated[str | None, typer.Option(help="Database URL; default: SQLite in DIR.")] = None,
    json: Json = False,
) -> None:
    """Make a node: settings, secret key, database.

    Example: voltroam init cpo --party NL/NOD/CPO --name "Noda Charging" --url http://127.0.0.1:8101
    """
    from voltroam.settings import read_settings, split_party, write_secret_key, write_settings

    def made() -> dict[str, object]:
        try:
            parties = ["/".join(split_party(text)) for text in party]
        except ValueError as error:
            raise Stop(f"--party {error}.", Exit.USAGE) from None
        file = write_settings(directory, name=name, url=url, parties=parties, database=db)
        try:
            settings = read_settings(file)
            write_secret_key(directory)
            _prepare(settings.database)
        except BaseException:
            file.unlink()
            raise
        return {
            "config": str(file),
            "name": name,
            "url": settings.url,
            "versions_url": f"{settings.url}/ocpi/versions",
            "parties": parties,
        }

    done = guarded(made, as_json=json)
    if json:
        write_json(done)
        return
    write(f"The node {name} is ready. Start it with: voltroam -c {done['config']} serve")


def _prepare(database: str) -> None:
    from voltroam.store.migrations import migrate

    asyncio.run(migrate(database))


def version(json: Json = False) -> None:
    """The version of voltroam and of OCPI that it speaks.

    Example: voltroam version --json
    """
    from voltroam.standard.versions import VERSIONS

    facts = {
        "voltroam": __version__,
        "ocpi": list(VERSIONS),
        "python": platform.python_version(),
    }
    if json:
        write_json(facts)
        return
    write(f"voltroam {__version__}, OCPI {', '.join(VERSIONS)}, Python {facts['python']}")
