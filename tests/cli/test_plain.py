"""Words read without a validation library mean what Typer says they mean."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from voltroam.cli.plain import PlainGroup


class Colour(StrEnum):
    RED = "red"


def tree(kind: type[PlainGroup] | None) -> typer.Typer:
    app = typer.Typer(cls=kind, pretty_exceptions_enable=False, rich_markup_mode=None)

    @app.callback()
    def root(config: Annotated[Path | None, typer.Option("-c", envvar="CONFIG_OF")] = None) -> None:
        print(repr(config))

    @app.command()
    def show(
        name: str,
        changes: Annotated[list[str] | None, typer.Argument()] = None,
        party: Annotated[list[str] | None, typer.Option()] = None,
        file: Annotated[Path, typer.Option()] = Path("-"),
        colour: Annotated[Colour | None, typer.Option()] = None,
        count: Annotated[int, typer.Option(min=1)] = 1,
        json: Annotated[bool, typer.Option("--json")] = False,
    ) -> None:
        print(repr((name, changes, party, file, colour, count, json)))

    @app.command()
    def need(party: Annotated[list[str], typer.Option()]) -> None:
        print(repr(party))

    return app


@pytest.mark.parametrize(
    "words",
    [
        ["show", "é"],
        ["-c", "x.toml", "show", "one", "a=b", "c"],
        ["show", "one", "--party", "A", "--party", "B", "--json"],
        ["show", "one", "--file", "some/file", "--colour", "red", "--count", "3"],
        ["show", "one", "--colour", "blue"],
        ["show", "one", "--count", "0"],
        ["show", "one", "--count", "many"],
        ["show", ""],
        ["show"],
        ["need"],
        ["need", "--party", "A"],
        ["show", "one", "--unknown"],
        ["show", "--help"],
        ["--help"],
        ["nothing"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("env", [None, "", "env.toml"])
def test_every_outcome_is_that_of_typer(words: list[str], env: str | None) -> None:
    usual, plain = (
        CliRunner().invoke(tree(kind), words, env={"CONFIG_OF": env}) for kind in (None, PlainGroup)
    )
    assert plain.output == usual.output
    assert plain.exit_code == usual.exit_code
