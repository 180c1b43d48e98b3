"""`convert` and `validate`: objects between versions, and against what is asked of them.

Only words of the command line here: what the commands do is loaded when they run.
"""

from pathlib import Path
from typing import Annotated

import typer

from voltroam.cli.run import Json

Module = Annotated[
    str,
    typer.Argument(
        metavar="MODULE",
        help="locations, tariffs, sessions, cdrs, tokens, …, or an object by its name: EVSE,"
        " StartSession.",
    ),
]
File = Annotated[
    Path, typer.Argument(help="One object, a list, an OCPI envelope or NDJSON; - for stdin.")
]


def add_to(app: typer.Typer) -> None:
    app.command()(convert)
    app.command()(validate)


def convert(
    module: Module,
    file: File,
    source: Annotated[str, typer.Option("--from", metavar="VERSION", help="2.1.1, 2.2.1, 2.3.0.")],
    target: Annotated[str, typer.Option("--to", metavar="VERSION", help="2.1.1, 2.2.1, 2.3.0.")],
    owner: Annotated[
        str | None, typer.Option(metavar="CC/PID", help="Whose objects: 2.1.1 does not say.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option(metavar="CC/PID", help="The eMSP of 2.1.1 sessions and CDRs.")
    ] = None,
    role: Annotated[
        str | None, typer.Option(help="CPO or EMSP: the URL tree of 2.1.1 credentials.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="Where a location tells none.")
    ] = None,
    postal_code: Annotated[
        str | None, typer.Option("--postal-code", help="For 2.1.1, where a location has none.")
    ] = None,
    edition: Annotated[
        str | None, typer.Option("--edition", help="1: the lengths of the first edition of 2.3.0.")
    ] = None,
    locations: Annotated[
        Path | None,
        typer.Option("--locations", metavar="FILE", help="2.2.1 locations that sessions refer to."),
    ] = None,
    tariffs: Annotated[
        Path | None,
        typer.Option("--tariffs", metavar="FILE", help="2.2.1 tariffs that connectors refer to."),
    ] = None,
    tokens: Annotated[
        Path | None,
        typer.Option("--tokens", metavar="FILE", help="2.2.1 tokens of 2.1.1 contracts."),
    ] = None,
    relax: Annotated[
        list[str] | None,
        typer.Option("--relax", metavar="WHAT", help="Allow what is refused: docs/howto/convert."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the objects as a list.")
    ] = None,
    json: Json = False,
) -> None:
    """Objects of one OCPI version as those of another, and what happens to each on the way.

    --json: {"objects": [{"object": {…} or null if refused, "notes": [{"code", "pointer",
    "severity": lossless, kept, inferred, unsafe or refused, "text"}]}]}. Exit code 1 if an object
    is refused.

    Example: voltroam convert tariffs tariffs.json --from 2.3.0 --to 2.1.1 --out old.json
    """
    from voltroam.cli.converting import Asked, convert_file

    asked = Asked(
        owner, provider, role, time_zone, postal_code, edition, locations, tariffs, tokens,
        relax or [],
    )  # fmt: skip
    convert_file(module, file, source, target, asked, out, as_json=json)


def validate(
    module: Module,
    file: File,
    version: Annotated[str, typer.Option("--version", help="2.1.1, 2.2.1 or 2.3.0.")],
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Ask for more: afir, ndw, 2.3.0-ed1, or a .toml file."),
    ] = None,
    json: Json = False,
) -> None:
    """What is wrong with objects, where, by which rule, and what mends it.

    --json: {"objects": [{"id", "valid", "problems": [{"rule", "severity": fatal, error or warning,
    "pointer", "section", "text", "hint"}]}]}. Exit code 1 if an object is not valid.

    Example: voltroam validate locations locations.json --version 2.2.1 --profile afir
    """
    from voltroam.cli.validating import validate_file

    validate_file(module, file, version, profile or [], as_json=json)
