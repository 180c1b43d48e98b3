"""Steps on single words and lists of words, the same whichever version lacks them."""

from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import each, listed, text, within
from voltroam.bridge.terms import Document, Relaxation

J3400, TESLA_S = "SAE_J3400", "TESLA_S"
OTHER = "OTHER"
_DROPPED = {
    "capabilities": "capability-dropped",
    "facilities": "facility-dropped",
    "parking_restrictions": "parking-restriction-dropped",
}


def known_words(
    document: Document, name: str, at: str, crossing: Crossing, known: frozenset[str]
) -> None:
    """Leave out of a list what the other version has no word for."""
    code = _DROPPED[name]
    if crossing.relaxed(Relaxation.UNKNOWN_WORDS) or name not in document:
        return
    kept: list[Any] = []
    for index, word in enumerate(listed(document, name)):
        if isinstance(word, str) and word not in known:
            crossing.note(code, f"{at}/{name}/{index}")
        else:
            kept.append(word)
    if isinstance(document[name], list):
        document[name] = kept


def known_images(
    document: Document, name: str, at: str, crossing: Crossing, known: frozenset[str]
) -> None:
    """An image of a new category is one of category OTHER."""

    def image(one: Document, where: str) -> Document:
        return known_image(one, where, crossing, known)

    each(document, name, at, image)


def known_image(image: Document, at: str, crossing: Crossing, known: frozenset[str]) -> Document:
    category = text(image, "category")
    if category is None or category in known or crossing.relaxed(Relaxation.UNKNOWN_WORDS):
        return image
    crossing.note("image-category-other", f"{at}/category")
    return image | {"category": OTHER}


def known_logo(company: Document, at: str, crossing: Crossing, known: frozenset[str]) -> Document:
    """The logo in the details of a company is an image too."""
    copied = dict(company)
    within(copied, "logo", at, lambda one, where: known_image(one, where, crossing, known))
    return copied


def known_impacts(mix: Document, at: str, crossing: Crossing, known: frozenset[str]) -> Document:
    """An impact of a new category goes; the others stay."""

    def impact(one: Document, where: str) -> Document | None:
        category = text(one, "category")
        if category is None or category in known or crossing.relaxed(Relaxation.UNKNOWN_WORDS):
            return one
        crossing.note("impact-dropped", where)
        return None

    copied = dict(mix)
    each(copied, "environ_impact", at, impact)
    return copied


def known_plug(
    connector: Document, name: str, at: str, crossing: Crossing, known: frozenset[str]
) -> Document | None:
    """None where the other version has no word for the plug: no stand-in is put in by itself."""
    word = text(connector, name)
    if word is None or word in known or crossing.relaxed(Relaxation.UNKNOWN_WORDS):
        return connector
    if word == J3400 and crossing.relaxed(Relaxation.J3400_AS_TESLA_S):
        crossing.note("j3400-as-tesla-s", f"{at}/{name}")
        return connector | {name: TESLA_S}
    crossing.note("connector-type-unknown", f"{at}/{name}")
    return None
