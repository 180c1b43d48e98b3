"""Messages to drivers, theirs and ours (OCPI 2.2.1 §types, DisplayText)."""

from collections.abc import Iterable

from voltroam.standard.v2_2_1 import DisplayText

LONGEST = 512
"""Characters of one text."""


def spoken(message: str | None, language: str) -> list[DisplayText] | None:
    """Our message as the list that the standard wants; None where there is nothing to say."""
    shown = _printable(message or "")
    return [DisplayText(language=language, text=shown)] if shown else None


def kept(messages: Iterable[DisplayText] | None) -> list[DisplayText] | None:
    """A partner's messages as the ledger can keep them: lenient reading let more through."""
    fitting = [
        DisplayText(language=one.language, text=_printable(one.text))
        for one in messages or ()
        if len(one.language) == 2
    ]
    return fitting or None


def _printable(text: str) -> str:
    shown = "".join(char if char.isprintable() else " " for char in text)
    return shown.strip()[:LONGEST]
