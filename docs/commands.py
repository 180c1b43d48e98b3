"""The page of the command line, from the commands themselves; `generate.py` writes it."""

from collections.abc import Iterator
from inspect import getdoc
from typing import Any

from typer.main import get_command

from voltroam.cli.app import app
from voltroam.cli.outcome import Exit

CODES = {
    Exit.DONE: "done",
    Exit.FAILED: "refused: by a partner, by the rules, or some objects of a file",
    Exit.USAGE: "wrong usage",
    Exit.UNREACHABLE: "a partner did not answer",
    Exit.SETUP: "settings, secret key or database cannot be used, or `db check` found a fault",
}


def commands(notice: str) -> Iterator[str]:
    yield notice
    yield "# Commands"
    yield ""
    yield "`voltroam [-c FILE] COMMAND`. The settings are read from `-c FILE`, else from the file"
    yield "that `VOLTROAM_CONFIG` names, else from `voltroam.toml` in this folder."
    yield ""
    yield "With `--json` stdout is one JSON value (`export`: one object per line), also when the"
    yield 'command fails: then it is `{"error": "…"}`. A command that cannot be understood, such as'
    yield "one with an unknown option, writes nothing there. Words for people go to stderr."
    yield ""
    yield "| Exit code | Meaning |"
    yield "|---|---|"
    for code in Exit:
        yield f"| {code.value} | {CODES[code]} |"
    for name, command in _all(get_command(app), ""):
        yield from _section(name, command)


def _all(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        full = f"{before} {name}".strip()
        if hasattr(command, "commands"):
            yield from _all(command, full)
        else:
            yield full, command


def _section(name: str, command: Any) -> Iterator[str]:
    text = getdoc(command.callback) or ""
    words, _, example = text.partition("Example: ")
    arguments = [it for it in command.params if it.param_type_name == "argument"]
    options = [it for it in command.params if it.param_type_name == "option"]
    usage = [f"voltroam {name}", *(_word(it) for it in arguments)]
    yield ""
    yield f"## {name}"
    yield ""
    yield " ".join(words.split())
    yield ""
    yield "```text"
    yield " ".join([*usage, *(["[OPTIONS]"] if options else [])])
    yield "```"
    if arguments or options:
        yield ""
        yield "| | |"
        yield "|---|---|"
        for one in arguments:
            yield f"| `{_word(one)}` | {_told(one)} |"
        for one in options:
            yield f"| {_spelling(one)} | {_told(one)} |"
    yield ""
    yield f"Example: `{' '.join(example.split())}`"


def _word(argument: Any) -> str:
    word = (argument.metavar or argument.name.upper()).strip("[]")
    word += "…" if argument.nargs == -1 else ""
    return word if argument.required else f"[{word}]"


def _spelling(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    if option.is_flag:
        return names
    return f"{names} …"


def _told(parameter: Any) -> str:
    notes = [parameter.help or ""]
    if parameter.param_type_name == "option" and parameter.required:
        notes.append("Required.")
    if parameter.multiple:
        notes.append("May be given several times.")
    return " ".join(" ".join(notes).split()).replace("|", "\\|")
