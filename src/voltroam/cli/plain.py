"""Words of the command line as plain strings and paths, read without a validation library.

Typer asks pydantic even for a `str` that is not given; loading it takes longer than most commands
need altogether. Whatever is not plain, and every fault, is left to Typer.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

Reading = Callable[[Any, Any], Any]
"""From context and words to the value of one parameter."""
PLAIN: Mapping[Any, Callable[[Any], Any]] = {str: str, Path: Path, list[str]: list}


class PlainGroup(TyperGroup):
    """A group whose commands, and itself, read their plain parameters at once."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _plainly(super().get_params(ctx))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command: Any = super().get_command(ctx, cmd_name)
        known = command is None or isinstance(command, PlainGroup) or "get_params" in vars(command)
        if not known:
            own = command.get_params
            command.get_params = lambda inner: _plainly(own(inner))
        return command


def _plainly(parameters: Any) -> list[Any]:
    """Each parameter's `process_value` is Click's place for this; once is enough."""
    for parameter in parameters:
        if "process_value" not in vars(parameter):
            parameter.process_value = partial(_read, parameter, parameter.process_value)
    return list(parameters)


def _read(parameter: Any, as_typer_does: Reading, context: Any, value: Any) -> Any:
    shape = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    many = parameter.multiple or parameter.nargs == -1
    if parameter.required and not value:
        return as_typer_does(context, value)
    if value is None:
        read = () if many else None
    elif shape in PLAIN and many is not isinstance(value, str):
        read = PLAIN[shape](value)
    else:
        return as_typer_does(context, value)
    callback = parameter.callback
    return read if callback is None else callback(context, parameter, read)
