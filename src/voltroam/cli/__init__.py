"""The command line: the only place, with `node.py`, where the parts are joined.

Start-up time is a promise (under half a second), so every command imports what it needs when it
runs; nothing here is imported by the floors below.
"""

import os
import sys


def main() -> None:
    """The program: a command, then the end of the process with the code of `cli.outcome.Exit`."""
    try:
        run()
    except SystemExit as end:
        if "pyreqwest" in sys.modules and isinstance(end.code, int):
            _leave(end.code)
        raise


def run() -> None:
    """Run the command line; ends in SystemExit."""
    from voltroam.cli.app import app

    app()


def _leave(code: int) -> None:
    """Go at once. The HTTP library's own threads may still be at work, and one that lets go of
    Python while Python is being taken down aborts the process: the exit code would be lost."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 1
    os._exit(code)
