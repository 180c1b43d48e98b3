"""Requests and answers that carry a Token, between 2.2.1 and 2.3.0."""

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import part, within
from voltroam.bridge.terms import Document
from voltroam.bridge.v2_3_0.money import token_down, token_up


def with_token_up(document: Document, at: str, crossing: Crossing) -> Document:
    """The token's type is again what OTHER was said for (OCPI 2.3.0 §mod_tokens, TokenType)."""
    raised = dict(document)
    within(raised, "token", at, lambda one, where: token_up(one, where, crossing))
    return raised


def with_token_down(document: Document, at: str, crossing: Crossing) -> Document | None:
    """A new type of token is OTHER (OCPI 2.2.1 §mod_tokens); None if that is taken."""
    token = part(document, "token")
    if token is None:
        return document
    found = token_down(token, f"{at}/token", crossing)
    return None if found is None else document | {"token": found}
