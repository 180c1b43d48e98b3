"""What the first edition of 2.3.0 had shorter (OCPI 2.3.0 edition 2 §changelog).

The version on the wire is the same: which edition a partner has is in its profile.
"""

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import each, text, within
from voltroam.bridge.terms import Document

ADDRESS, STATE, PLAIN_DATA = 45, 20, 512


def first_edition(kind: str, document: Document, crossing: Crossing) -> Document:
    """Texts are cut to the lengths that the first edition allows; signed values are not.

    A signed value that was cut would be no evidence: a CDR whose values are longer goes without.
    """
    if kind == "Location":
        return _cut(document, crossing)
    if kind != "CDR":
        return document
    shortened = dict(document)
    within(shortened, "signed_data", "", lambda one, at: _signed(one, at, crossing))
    return shortened


def _cut(location: Document, crossing: Crossing) -> Document:
    shortened = dict(location)
    for name, longest in (("address", ADDRESS), ("state", STATE)):
        value = text(location, name)
        if value is not None and len(value) > longest:
            shortened[name] = value[:longest]
            crossing.note("edition-cut", f"/{name}")
    return shortened


def _signed(data: Document, at: str, crossing: Crossing) -> Document | None:
    too_long: list[str] = []

    def value(one: Document, where: str) -> Document:
        if len(text(one, "plain_data") or "") > PLAIN_DATA:
            too_long.append(where)
        return one

    each(dict(data), "signed_values", at, value)
    if not too_long:
        return data
    crossing.note("signed-data-dropped", at)
    return None
