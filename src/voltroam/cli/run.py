"""How a command runs: settings read, node opened, work done, faults turned into one sentence."""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

import typer

from voltroam.cli.outcome import Exit, Stop, end
from voltroam.settings import FILE_NAME, Settings, SettingsError, read_settings
from voltroam.standard.errors import NodeError, OcpiError, Overloaded, Refused, Unreachable

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Write one JSON value to stdout.")]


def settings_file(context: typer.Context) -> Path:
    """The file of -c or VOLTROAM_CONFIG, else `voltroam.toml` in the current folder."""
    given = context.find_root().obj
    return Path(given) if given else Path(FILE_NAME)


def settings_of(context: typer.Context) -> Settings:
    return read_settings(settings_file(context))


class Closing(Protocol):
    async def close(self) -> None: ...


P = TypeVar("P", bound=Closing)


def with_opened(
    context: typer.Context,
    opening: Callable[[Settings, Path], Awaitable[P]],
    work: Callable[[P], Awaitable[T]],
    *,
    as_json: bool,
) -> T:
    """Open a part of the node, do the work, close it; on a fault say why and leave."""

    async def opened() -> T:
        file = settings_file(context)
        part = await opening(read_settings(file), file.parent)
        try:
            return await work(part)
        finally:
            await part.close()

    return guarded(lambda: asyncio.run(opened()), as_json=as_json)


def guarded(work: Callable[[], T], *, as_json: bool) -> T:
    """Run the work; every fault becomes one sentence on stderr and an exit code."""
    try:
        return work()
    except Stop as stop:
        end(stop, as_json=as_json)
    except SettingsError as error:
        end(Stop(str(error), Exit.SETUP), as_json=as_json)
    except Unreachable as error:
        end(
            Stop(f"The partner cannot be reached: {error.message}.", Exit.UNREACHABLE),
            as_json=as_json,
        )
    except Refused as error:
        code = f" (OCPI {error.code})" if error.code else ""
        end(
            Stop(f"The partner refused with HTTP {error.http}{code}: {error.message}."),
            as_json=as_json,
        )
    except Overloaded as error:
        end(Stop(f"The node is overloaded: {error.message}; try again."), as_json=as_json)
    except NodeError as error:
        end(Stop(f"{error.message}.", Exit.SETUP), as_json=as_json)
    except OcpiError as error:
        end(Stop(f"{error.message}."), as_json=as_json)
    except BrokenPipeError:
        _stop_writing()
        raise typer.Exit(int(Exit.FAILED)) from None
    except KeyboardInterrupt:
        end(Stop("Interrupted."), as_json=as_json)
    except Exception as error:
        if os.environ.get("VOLTROAM_LOG_LEVEL") == "debug":
            raise
        logging.getLogger("voltroam").debug("unexpected", exc_info=error)
        end(Stop(f"{type(error).__name__}: {error}", Exit.SETUP), as_json=as_json)


def _stop_writing() -> None:
    """Who read our lines has gone, as `head` does: nothing is left to say, not even at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
