"""The SQL of the migration steps, written out by Alembic; nothing here connects to a database."""

import io
from pathlib import Path

_SCRIPTS = Path(__file__).parent / "schema"


def steps(dialect: str, start: str | None, target: str) -> list[str]:
    """The SQL statements that lead from one schema number (None: nothing) to another."""
    from alembic import command
    from alembic.config import Config

    text = io.StringIO()
    config = Config(output_buffer=text, attributes={"dialect": dialect})
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, f"{start or 'base'}:{target}", sql=True)
    pieces = text.getvalue().split(";\n")
    return [part for part in (piece.strip() for piece in pieces) if part]
