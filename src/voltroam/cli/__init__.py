"""The command line: the only place, with `node.py`, where the parts are joined.

Start-up time is a promise (under half a second), so every command imports what it needs when it
runs; nothing here is imported by the floors below.
"""


def main() -> None:
    """The program: a command, then SystemExit with the code of `cli.outcome.Exit`."""
    from voltroam.cli.app import app

    app()
