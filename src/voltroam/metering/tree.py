"""XML of a stranger: elements, attributes and text; no DTD, no entities, nothing external."""

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from voltroam.metering.problem import MeteringProblem

LONGEST = 4_000_000
MOST_ELEMENTS = 50_000
DEEPEST = 32


@dataclass(slots=True)
class Element:
    """An element by its local name; `text` is the character data that stands directly in it."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, name: str) -> list["Element"]:
        """The children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> "Element | None":
        """The only child of that name, or None; MeteringProblem when there are several."""
        found = self.all(name)
        if len(found) > 1:
            raise MeteringProblem(f"$.{self.name}.{name}", "stands there more than once")
        return found[0] if found else None

    def words(self, name: str) -> str:
        """The trimmed text of the only child of that name; empty when it is absent."""
        child = self.first(name)
        return child.text.strip() if child else ""


class _Builder:
    def __init__(self, parser: "expat.XMLParserType") -> None:
        self.parser = parser
        self.root: Element | None = None
        self.open: list[tuple[Element, list[str]]] = []
        self.count = 0

    def refuse(self, reason: str) -> MeteringProblem:
        place = f"line {self.parser.CurrentLineNumber}, column {self.parser.CurrentColumnNumber}"
        return MeteringProblem("$", f"{reason} ({place})")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MOST_ELEMENTS:
            raise self.refuse(f"more than {MOST_ELEMENTS} elements")
        if len(self.open) >= DEEPEST:
            raise self.refuse(f"nested deeper than {DEEPEST}")
        element = Element(name.rpartition(":")[2], attributes)
        if self.open:
            self.open[-1][0].children.append(element)
        else:
            self.root = element
        self.open.append((element, []))

    def end(self, _name: str) -> None:
        element, pieces = self.open.pop()
        element.text = "".join(pieces)

    def data(self, text: str) -> None:
        self.open[-1][1].append(text)

    def doctype(self, *_: Any) -> None:
        raise self.refuse("a document type definition is refused")

    def entity(self, *_: Any) -> int:
        raise self.refuse("entities are refused")


def read_tree(document: str | bytes) -> Element:
    """The root element; MeteringProblem with line and column for whatever is refused."""
    if len(document) > LONGEST:
        raise MeteringProblem("$", f"XML longer than {LONGEST}")
    parser = expat.ParserCreate("utf-8" if isinstance(document, str) else None)
    builder = _Builder(parser)
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.EntityDeclHandler = builder.entity
    parser.ExternalEntityRefHandler = builder.entity
    try:
        parser.Parse(document.encode() if isinstance(document, str) else document, True)
    except expat.ExpatError as error:
        reason = f"{expat.ErrorString(error.code)} (line {error.lineno}, column {error.offset})"
        raise MeteringProblem("$", f"broken XML: {reason}") from None
    except (ValueError, LookupError):
        raise MeteringProblem("$", "XML in an unknown encoding") from None
    if builder.root is None:
        raise MeteringProblem("$", "XML without an element")
    return builder.root


def write_tree(element: Element) -> str:
    """The element again as XML: its names, attributes, text and children, not its comments."""
    marks = "".join(f" {name}={quoteattr(value)}" for name, value in element.attributes.items())
    inside = escape(element.text) if not element.children else ""
    inside += "".join(write_tree(child) for child in element.children)
    return f"<{element.name}{marks}>{inside}</{element.name}>"
