"""One conversion under way: its terms, and the notes that its steps leave."""

from collections.abc import Callable

from voltroam.bridge.codes import CODES
from voltroam.bridge.notes import Note
from voltroam.bridge.terms import Document, Names, Relaxation, Terms
from voltroam.standard.parties import fold


class Crossing:
    """Handed from step to step; only its notes grow."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.notes: list[Note] = []
        self._spelled: dict[tuple[str, str], str] = {}

    @property
    def names(self) -> Names:
        return self.terms.names

    def first(self, table: str, name: str) -> str:
        """How the first thing of this crossing is spelled that is called so but for the case."""
        return self._spelled.setdefault((table, fold(name)), name)

    def relaxed(self, relaxation: Relaxation) -> bool:
        return self.terms.relaxed(relaxation)

    def note(self, code: str, pointer: str) -> None:
        """Leave a note; its severity and its text stand in the table of codes."""
        meaning = CODES[code]
        self.notes.append(
            Note(
                code=code,
                pointer=pointer,
                severity=meaning.severity,
                text=meaning.text,
            )
        )

    def drop(self, document: Document, code: str, at: str, *names: str) -> None:
        """Leave members out, each with a note."""
        for name in names:
            if name in document:
                del document[name]
                self.note(code, f"{at}/{name}")


Step = Callable[[Document, str, Crossing], Document | None]
"""(object, its JSON pointer, crossing) -> the object in the next version; None if refused."""
